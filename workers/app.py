"""The Celery app. Messages are only hints: the work itself is a row in `training_jobs`.

The reasons for each setting, with evidence, are in docs/decisions/0004.
"""

from celery import Celery

from chatbot.settings import Settings
from workers.schedule import beat_schedule

QUEUES = ("training", "default")


def make_app(settings: Settings) -> Celery:
    """Make an app on the settings' broker; it connects to nothing until used."""
    app = Celery("chatbot", broker=settings.broker, include=["workers.tasks"])
    app.conf.update(
        beat_schedule=beat_schedule(settings),
        timezone="UTC",
        task_default_queue="default",
        task_routes={
            "workers.tasks.run_due_jobs": {"queue": "training"},
            "workers.tasks.rank_queue": {"queue": "training"},
        },
        # A lost message loses nothing and a repeated one does nothing, so acknowledge early.
        task_acks_late=False,
        task_ignore_result=True,
        result_backend=None,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=50,
        # True would drop the running task when the broker restarts.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=10,
        worker_proc_alive_timeout=60,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_acquire_timeout=2,
        broker_transport_options={
            "visibility_timeout": 7200,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": not settings.broker.startswith("redis+socket"),
            "health_check_interval": 25,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 3,
        },
        accept_content=["json"],
    )
    return app


app = make_app(Settings.from_env())
