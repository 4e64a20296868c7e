"""The schedule of the workers. All times are UTC, so that no night has 23 or 25 hours."""

from typing import Any

from celery.schedules import crontab

from chatbot.settings import Settings

LOOK_SECONDS = 10
DELIVER_SECONDS = 2  # somebody in a chat waits for some of it
WATCH_SECONDS = 60
RANK_SECONDS = 15 * 60
ADAPT_SECONDS = 10 * 60


def beat_schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the whole timetable; a missed night is made up for by `run_due_jobs`."""
    hour, minute = settings.retrain_at.split(":")
    return {
        "request the nightly training": {
            "task": "workers.tasks.request_nightly",
            "schedule": crontab(hour=int(hour), minute=int(minute)),
        },
        "run jobs that wait": {
            "task": "workers.tasks.run_due_jobs",
            "schedule": LOOK_SECONDS,
            "options": {"expires": LOOK_SECONDS},
        },
        "deliver what is due": {
            "task": "workers.tasks.deliver",
            "schedule": DELIVER_SECONDS,
            "options": {"expires": DELIVER_SECONDS},
        },
        "forget what is old": {
            "task": "workers.tasks.forget",
            "schedule": crontab(minute=17),
        },
        "watch what was promoted": {
            "task": "workers.tasks.watch_live",
            "schedule": WATCH_SECONDS,
            "options": {"expires": WATCH_SECONDS},
        },
        "rank what agents see first": {
            "task": "workers.tasks.rank_queue",
            "schedule": RANK_SECONDS,
            "options": {"expires": RANK_SECONDS},
        },
        "let thresholds follow the traffic": {
            "task": "workers.tasks.adapt_thresholds",
            "schedule": ADAPT_SECONDS,
            "options": {"expires": ADAPT_SECONDS},
        },
    }
