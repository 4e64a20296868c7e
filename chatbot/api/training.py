"""Ask for a training and watch it; a request only writes a row, a worker finds it."""

from apiflask import APIBlueprint

from chatbot.api.schemas.training import JobOut, JobsOut, RetrainIn
from chatbot.http.auth import caller, requires
from chatbot.http.context import parts
from chatbot.http.paging import ById, cut
from chatbot.services.access.keys import Scope
from chatbot.services.releases import jobs

blueprint = APIBlueprint("training", __name__, tag="Training", url_prefix="/v1/admin")


@blueprint.post("/retrain")
@requires(Scope.ADMIN)
@blueprint.input(RetrainIn, arg_name="body")
@blueprint.output(JobOut, status_code=202)
def retrain(body: RetrainIn) -> JobOut:
    """Ask for a training; while one waits, asking again returns that one."""
    with parts().database.write() as session:
        job = jobs.request(session, jobs.JobKind.TRAIN, caller().name, force=body.force)
    return JobOut.model_validate(job)


@blueprint.get("/jobs")
@requires(Scope.ADMIN)
@blueprint.input(ById, location="query", arg_name="wanted")
@blueprint.output(JobsOut)
def list_jobs(wanted: ById) -> JobsOut:
    """List training jobs, newest first."""
    with parts().database.read() as session:
        rows = jobs.list_jobs(session, wanted.cursor, wanted.limit + 1)
    page, following = cut(rows, wanted.limit, lambda job: job.id)
    return JobsOut(items=[JobOut.model_validate(job) for job in page], next=following)


@blueprint.get("/jobs/<int:job_id>")
@requires(Scope.ADMIN)
@blueprint.output(JobOut)
def get_job(job_id: int) -> JobOut:
    """Read one job: its state, step and progress."""
    with parts().database.read() as session:
        return JobOut.model_validate(jobs.get_job(session, job_id))
