"""Settings are read once, checked, and loud about mistakes."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from chatbot.errors import SettingsError
from chatbot.settings import Settings


class TestFromEnv:
    def test_defaults_need_nothing(self) -> None:
        settings = Settings.from_env({})
        assert settings == Settings()
        assert settings.data_dir == Path.cwd() / "var"

    def test_reads_each_type(self) -> None:
        settings = Settings.from_env(
            {"CHATBOT_PORT": "9000", "CHATBOT_PROMISE": "0.1", "CHATBOT_LOG_FORMAT": "json"}
        )
        assert (settings.port, settings.promise, settings.log_format) == (9000, 0.1, "json")

    def test_takes_no_notice_of_other_variables_and_of_empty_ones(self) -> None:
        assert Settings.from_env({"PORT": "1", "CHATBOT_PORT": ""}).port == 8000

    def test_overrides_win(self) -> None:
        assert Settings.from_env({"CHATBOT_PORT": "9000"}, port=9001).port == 9001

    def test_suggests_the_setting_that_was_meant(self) -> None:
        with pytest.raises(SettingsError, match="Did you mean CHATBOT_HELD_OUT_SHARE"):
            Settings.from_env({"CHATBOT_HELDOUT_SHARE": "0.2"})

    def test_names_every_bad_variable_at_once(self) -> None:
        with pytest.raises(SettingsError) as caught:
            Settings.from_env({"CHATBOT_PORT": "99999", "CHATBOT_PROMISE": "many"})
        assert "CHATBOT_PORT: " in str(caught.value)
        assert "CHATBOT_PROMISE: " in str(caught.value)

    def test_a_wrong_answer_costs_no_less_than_a_hand_off(self) -> None:
        with pytest.raises(SettingsError, match="COST_HANDOFF: .* more than CHATBOT_COST_WRONG"):
            Settings.from_env({"CHATBOT_COST_WRONG_ANSWER": "0.2"})

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("PORT", "-1"),
            ("DATABASE_URL", "rubbish"),
            ("DATABASE_URL", "sqlite://"),
            ("DATABASE_URL", "sqlite:///:memory:"),
            ("PROMISE", "1.5"),
            ("PROMISE", "nan"),
            ("VOTE_TEMPERATURE", "0"),
            ("RETRAIN_AT", "24:00"),
            ("RETRAIN_AT", "2:00"),
            ("LEARNING_RATE", "inf"),
            ("COST_WRONG_ANSWER", "0"),
            ("COST_HANDOFF", "1.5"),
            ("COST_HANDOFF", "nan"),
            ("COST_CLICK", "0.4"),
            ("BATCH_SIZE", "1"),
            ("PUBLIC_URL", "help.example.org"),
            ("PUBLIC_URL", "https://help.example.org/\nBcc: x"),
            ("SITE_URL", "example.org"),
            ("IMAGE_ORIGINS", "cdn.example.org"),
            ("IMAGE_ORIGINS", "https://cdn.example.org/pictures"),
            ("IMAGE_ORIGINS", "https://a.example; script-src *"),
            ("SMTP_HOST", "mail.example.org/x"),
            ("SMTP_SECURITY", "ssl"),
            ("SMTP_PASSWORD", "gehe\u00efm"),
            ("SMTP_SENDER", "Bot <bot@example.org>"),
            ("SMTP_SENDER", "bot@example.org\nBcc: x"),
            ("SMTP_SENDER", "bot@b\u00fccher.example"),
        ],
    )
    def test_refuses_impossible_values(self, variable: str, value: str) -> None:
        with pytest.raises(SettingsError, match=f"CHATBOT_{variable}: "):
            Settings.from_env({f"CHATBOT_{variable}": value})


def test_pictures_come_from_no_origin_or_from_those_that_are_listed() -> None:
    assert Settings().picture_origins == frozenset()
    listed = Settings(image_origins="https://A.example, http://b.example:8080,")
    assert listed.picture_origins == {"https://a.example", "http://b.example:8080"}


class TestTheMailRelay:
    RELAY = {  # noqa: RUF012
        "CHATBOT_SMTP_HOST": "mail.example.org",
        "CHATBOT_SMTP_SENDER": "o'bot+1@help.example.org",
    }

    def test_needs_a_host_and_a_sender(self) -> None:
        assert Settings.from_env(self.RELAY).smtp_security == "starttls"
        with pytest.raises(SettingsError, match="CHATBOT_SMTP_SENDER: .*needed with CHATBOT_SMTP"):
            Settings.from_env({"CHATBOT_SMTP_HOST": "mail.example.org"})

    def test_gets_no_password_in_clear(self) -> None:
        login = {"CHATBOT_SMTP_USER": "bot", "CHATBOT_SMTP_PASSWORD": "geheim"}
        with pytest.raises(SettingsError, match="CHATBOT_SMTP_USER: .*SECURITY=starttls or tls"):
            Settings.from_env(self.RELAY | login | {"CHATBOT_SMTP_SECURITY": "none"})
        settings = Settings.from_env(self.RELAY | login)
        assert settings.smtp_password.get_secret_value() == "geheim"

    def test_keeps_its_password_out_of_sight(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("geheim\n")
        settings = Settings.from_env({"CHATBOT_SMTP_PASSWORD_FILE": str(secret)})
        assert settings.smtp_password.get_secret_value() == "geheim"
        assert "geheim" not in repr(settings) + str(settings.model_dump(mode="json"))
        with pytest.raises(SettingsError) as caught:
            Settings.from_env({"CHATBOT_SMTP_PASSWORD": "gehe\u00efm"})
        assert "gehe" not in str(caught.value)


class TestSecretsInFiles:
    def test_are_read_and_stripped(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("redis://:hush@cache/0\n")
        assert Settings.from_env({"CHATBOT_REDIS_URL_FILE": str(secret)}).redis == (
            "redis://:hush@cache/0"
        )

    def test_a_missing_file_is_named(self) -> None:
        with pytest.raises(SettingsError, match="CHATBOT_REDIS_URL_FILE: cannot read /nowhere"):
            Settings.from_env({"CHATBOT_REDIS_URL_FILE": "/nowhere"})

    @pytest.mark.parametrize(
        ("earlier", "name"),
        [
            ("SAMPLE_SHARE", "live_sample_share"),
            ("SOURCE_CAP", "nightly_cap_per_source"),
            ("INTENT_CAP", "nightly_cap_per_intent"),
            ("QUARANTINE_LEAST", "quarantine_never_below"),
            ("QUARANTINE_ALONE", "quarantine_after_overrulings"),
        ],
    )
    def test_an_earlier_name_counts_and_says_the_new_one(
        self, earlier: str, name: str, tmp_path: Path
    ) -> None:
        variable, secret = f"CHATBOT_{name.upper()}", tmp_path / "value"
        secret.write_text("1\n")
        with pytest.warns(FutureWarning, match=f"CHATBOT_{earlier} is called {variable} now"):
            settings = Settings.from_env({f"CHATBOT_{earlier}": "1"})
        assert getattr(settings, name) == 1
        with pytest.warns(FutureWarning, match=variable):
            by_file = Settings.from_env({f"CHATBOT_{earlier}_FILE": str(secret)})
        assert by_file == settings
        both = {f"CHATBOT_{earlier}": "1", variable: "1"}
        with (
            pytest.warns(FutureWarning),
            pytest.raises(SettingsError, match=r"given twice.* Keep one"),
        ):
            Settings.from_env(both)

    def test_value_and_file_together_are_refused(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("redis://a/0")
        with pytest.raises(SettingsError, match="given twice"):
            Settings.from_env(
                {"CHATBOT_REDIS_URL": "redis://b/0", "CHATBOT_REDIS_URL_FILE": str(secret)}
            )


class TestDerived:
    def test_everything_is_in_the_data_folder_by_default(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        assert settings.database == f"sqlite:///{tmp_path}/chatbot.db"
        assert settings.artefacts == str(tmp_path / "artefacts")
        assert settings.cache_dir == tmp_path / "artefacts"

    def test_remote_artefacts_are_cached_in_the_data_folder(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path, artefacts_url="s3://bucket/models")
        assert settings.artefacts == "s3://bucket/models"
        assert settings.cache_dir == tmp_path / "cache"

    def test_a_given_redis_serves_as_store_and_broker(self) -> None:
        settings = Settings(redis_url="redis://cache:6379/1")
        assert settings.redis == settings.broker == "redis://cache:6379/1"

    def test_the_socket_leaves_a_folder_whose_path_is_too_long(self, tmp_path: Path) -> None:
        near = Settings(data_dir=Path("/srv/chatbot")).store_socket
        far = Settings(data_dir=tmp_path / ("x" * 90)).store_socket
        assert near == Path("/srv/chatbot/store.sock")
        assert far.name == "store.sock"
        assert len(str(far)) <= 100
        assert far != Settings(data_dir=tmp_path / ("y" * 90)).store_socket

    def test_is_frozen(self) -> None:
        settings = Settings()
        with pytest.raises(ValidationError):
            settings.port = 1  # type: ignore[misc]
