from pathlib import Path

import pytest

from vantage.main.asgi import create_app
from vantage.main.settings import Settings, SettingsError, load_settings
from vantage.platform.http.auth import routes_without_access


def test_a_misspelt_name_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match=r"VANTAGE_PROT is no setting; did you mean VANTAGE_PORT\?"):
        load_settings({"VANTAGE_PROT": "1"})


def test_a_wrong_value_is_named_and_a_secret_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"VANTAGE_PORT": "99999", "VANTAGE_SECRET": "hunter2"})
    assert "VANTAGE_PORT" in str(refused.value)
    assert "VANTAGE_SECRET" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_guides_names_are_accepted_and_empty_counts_as_absent() -> None:
    settings = load_settings({"NEXT_PUBLIC_SUPABASE_URL": "https://x.example", "VANTAGE_PORT": " "})
    assert (settings.supabase_url, settings.port) == ("https://x.example", 8000)


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load_settings({"VANTAGE_HOME": str(tmp_path)})
    made = settings.secret_bytes()
    assert len(made) >= 32
    assert settings.secret_bytes() == made
    assert (tmp_path / "secrets" / "web").stat().st_mode & 0o777 == 0o600
    assert load_settings({"VANTAGE_HOME": str(tmp_path / "other")}).secret_bytes() != made


def test_every_route_of_the_product_says_who_may_use_it(tmp_path: Path) -> None:
    settings = Settings.model_validate({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "VANTAGE_HOME": tmp_path})
    assert routes_without_access(create_app(settings)) == []
