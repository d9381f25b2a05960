"""Every setting, typed, from the environment and `.env`; docs/ENVIRONMENT.md is generated from here.

A VANTAGE_ name that nobody reads is refused: a misspelt setting must not be silently without effect.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from vantage.platform.database.cluster import write_secret

CHECKOUT: Final = Path(__file__).resolve().parents[3]
READ_ELSEWHERE: Final = frozenset({"VANTAGE_CHROMIUM", "VANTAGE_TEST_PG", "VANTAGE_TEST_RUN"})
"""By the tests alone."""


class SettingsError(ValueError):
    """What the environment says can't be used; the message names each setting and the way out."""


def _default_home() -> Path:
    in_checkout = (CHECKOUT / "pyproject.toml").is_file()
    return (CHECKOUT / ".vantage") if in_checkout else Path.home() / ".vantage"


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseModel):
    """The configuration of one installation."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    database_url: Annotated[SecretStr | None, Field(validation_alias=_named("DATABASE_URL"))] = None
    """The application's login (`vantage_app`). Without it the embedded PostgreSQL is used."""
    database_admin_url: Annotated[SecretStr | None, Field(validation_alias=_named("DATABASE_ADMIN_URL"))] = None
    """The owner's login; read by `vantage db`, `backup` and `doctor --fix` only."""
    database_direct_url: Annotated[SecretStr | None, Field(validation_alias=_named("DATABASE_DIRECT_URL"))] = None
    """A session connection for LISTEN. Without it (behind a pooler) live events are polled each second."""
    supabase_url: Annotated[str | None, Field(validation_alias=_named("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"))] = (
        None
    )
    """Address of the Supabase project whose sign-in is used."""
    supabase_anon_key: Annotated[
        SecretStr | None, Field(validation_alias=_named("SUPABASE_ANON_KEY", "NEXT_PUBLIC_SUPABASE_ANON_KEY"))
    ] = None
    """The project's public key."""
    supabase_service_role_key: Annotated[
        SecretStr | None, Field(validation_alias=_named("SUPABASE_SERVICE_ROLE_KEY"))
    ] = None
    """The project's secret key. Named by the guide; no process of ours uses it."""
    supabase_jwt_secret: Annotated[SecretStr | None, Field(validation_alias=_named("SUPABASE_JWT_SECRET"))] = None
    """The project's legacy shared secret, where tokens are still signed with it (HS256)."""
    home: Annotated[Path, Field(default_factory=_default_home, validation_alias=_named("VANTAGE_HOME"))]
    """Folder of data, secrets and logs: `.vantage` in a checkout, else `~/.vantage`."""
    host: Annotated[str, Field(validation_alias=_named("VANTAGE_HOST"))] = "127.0.0.1"
    """Address that the web process listens on."""
    port: Annotated[int, Field(ge=1, le=65535, validation_alias=_named("VANTAGE_PORT"))] = 8000
    """Port that the web process listens on."""
    public_url: Annotated[
        str, Field(pattern=r"^(https?://[^/\s]+)?$", validation_alias=_named("VANTAGE_PUBLIC_URL"))
    ] = ""
    """Address under which people reach the service, such as https://crm.example.in; used in mails and webhooks."""
    secret: Annotated[SecretStr | None, Field(min_length=32, validation_alias=_named("VANTAGE_SECRET"))] = None
    """Signs sessions and forms, at least 32 characters. Generated into VANTAGE_HOME when absent."""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(validation_alias=_named("VANTAGE_LOG_LEVEL"))
    ] = "info"
    """From which level on log lines are written."""
    metrics_public: Annotated[bool, Field(validation_alias=_named("VANTAGE_METRICS_PUBLIC"))] = False
    """Whether /metrics answers others than this machine."""
    postgres_user: Annotated[str | None, Field(validation_alias=_named("VANTAGE_POSTGRES_USER"))] = None
    """System account of the embedded PostgreSQL when started as root."""
    carrier_port: Annotated[int, Field(ge=1, le=65535, validation_alias=_named("VANTAGE_CARRIER_PORT"))] = 8010
    """Port of the simulated carrier and its handset."""
    carrier_auth_id: Annotated[str | None, Field(validation_alias=_named("VANTAGE_CARRIER_AUTH_ID"))] = None
    """Account id at the simulated carrier; generated when absent."""
    carrier_auth_token: Annotated[SecretStr | None, Field(validation_alias=_named("VANTAGE_CARRIER_AUTH_TOKEN"))] = None
    """Token at the simulated carrier; generated when absent."""
    carrier_url: Annotated[str | None, Field(validation_alias=_named("CARRIER_URL"))] = None
    """Address of the carrier's REST API; the simulated one when absent."""
    plivo_auth_id: Annotated[str | None, Field(validation_alias=_named("PLIVO_AUTH_ID"))] = None
    """Account id at Plivo."""
    plivo_auth_token: Annotated[SecretStr | None, Field(validation_alias=_named("PLIVO_AUTH_TOKEN"))] = None
    """Token at Plivo; signs its webhooks."""
    plivo_base_url: Annotated[str, Field(validation_alias=_named("PLIVO_BASE_URL"))] = "https://api.plivo.com/v1"
    """Address of Plivo's REST API."""
    smtp_url: Annotated[SecretStr | None, Field(validation_alias=_named("SMTP_URL"))] = None
    """Mail server, smtp://user:password@host:587. Without it mails go to an outbox in VANTAGE_HOME."""

    def secret_bytes(self) -> bytes:
        """What signs sessions and forms: the given one, else this installation's own, made at first use."""
        return (self.secret.get_secret_value() if self.secret else self.stored_secret("web")).encode()

    def stored_secret(self, name: str) -> str:
        """A secret of this installation in VANTAGE_HOME (0600), made at first use."""
        file = self.home / "secrets" / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_secret(file, secrets.token_urlsafe(48))
        return file.read_text(encoding="utf-8").strip()


def names_of(field: str) -> list[str]:
    """The environment's names for a setting, the usual one first."""
    alias = Settings.model_fields[field].validation_alias
    return [str(name) for name in alias.choices] if isinstance(alias, AliasChoices) else []


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of `environment` (the process's own over `.env` when None); an empty value counts as absent.

    Raises SettingsError for an unknown VANTAGE_ name or a value of the wrong form; secrets are not repeated.
    """
    if environment is None:
        environment = {key: value for key, value in dotenv_values(".env").items() if value} | dict(os.environ)
    given = {key: value for key, value in environment.items() if value.strip()}
    known = {name for field in Settings.model_fields for name in names_of(field)} | READ_ELSEWHERE
    wrong = []
    for name in sorted(given):
        if name.startswith("VANTAGE_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            wrong.append(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "."))
    try:
        settings = Settings.model_validate({name: given[name] for name in known & given.keys()})
    except ValidationError as error:
        wrong += [f"{one['loc'][0]}: {one['msg']}." for one in error.errors()]
        raise SettingsError("\n".join(wrong)) from None
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})
