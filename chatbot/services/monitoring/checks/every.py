"""Every check there is, in the order in which doctor prints them; add a new one here."""

from chatbot.services.monitoring.checks.check import Check
from chatbot.services.monitoring.checks.host import (
    check_base_model,
    check_data_folder,
    check_database,
    check_disk_space,
    check_mail_relay,
    check_python,
    check_settings,
    check_store,
    check_trainer,
)
from chatbot.services.monitoring.checks.quality import check_drift, check_promise, check_watch
from chatbot.services.monitoring.checks.running import (
    check_deliveries,
    check_live_model,
    check_web,
    check_worker,
)

EVERY: tuple[Check, ...] = (
    check_settings,
    check_python,
    check_data_folder,
    check_disk_space,
    check_database,
    check_store,
    check_base_model,
    check_trainer,
    check_live_model,
    check_web,
    check_worker,
    check_deliveries,
    check_mail_relay,
    check_promise,
    check_drift,
    check_watch,
)

AT_A_GLANCE: tuple[Check, ...] = (
    check_web,
    check_worker,
    check_store,
    check_disk_space,
    check_deliveries,
    check_promise,
    check_drift,
    check_watch,
)
"""Those that a page can wait for, and that a person who looks at it can do something about."""
