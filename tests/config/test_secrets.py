"""A store's password is where it is used and nowhere else."""

import pytest

from stx.config.compose import composition
from stx.config.secrets import STORE, VARIABLE, hidden, public, revealed, taken_out, without_login
from stx.config.typed import as_typed
from stx.errors import UserError

PASSWORDS = ["s3cret", "a[b", "a#b", "a/b", "50%off", "a:b", "a@b", "a b", "a'b", 'a"b', "ü", "%40"]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, STORE, "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("place", ["http://bob:{}@host:5000", "postgresql+psycopg2://bob:{}@[::1]/db?a=b"])
def test_a_typed_password_is_in_the_config_and_in_nothing_that_is_written(password: str, place: str) -> None:
    (typed,) = as_typed([f"tracking.uri={place.format(password)}"])
    assert password not in typed.replace("tracking.uri", "")
    config, _, overrides = composition([typed])
    assert config.tracking.uri.startswith(place.partition("{}")[0])  # type: ignore[union-attr]
    assert "***" not in config.tracking.uri  # type: ignore[union-attr]
    assert config.model_dump()["tracking"]["uri"] == place.format("***")
    assert overrides == [typed]


def test_a_password_is_percent_encoded_where_it_is_used() -> None:
    taken_out(["tracking.uri=http://bob:p/w#1@host"])
    assert revealed("http://bob:***@host") == "http://bob:p%2Fw%231@host"
    taken_out(["tracking.uri=http://bob:p%2Fw@host"])  # as it would be given to MLflow
    assert revealed("http://bob:***@host") == "http://bob:p%2Fw@host"


def test_one_by_way_of_the_environment_is_not_written_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "http://bob:s3cret@host:5000")
    config, _, overrides = composition(["tracking.uri=${oc.env:MINE}"])
    assert config.tracking.uri == "http://bob:s3cret@host:5000"  # type: ignore[union-attr]
    assert "s3cret" not in f"{config.model_dump()} {overrides}"


def test_a_missing_password_is_a_message_and_mlflow_s_own_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"tracking.uri: the password of http://bob:\*\*\*@host is not stored"):
        composition(["tracking.uri=http://bob:***@host"])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "other")
    assert composition(["tracking.uri=http://bob:***@host"]).config.tracking.uri == "http://bob:other@host"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["sqlite:///outputs/mlflow.db", "sqlite:////a:b@c.db", "http://host:5000", "plain",
                                  "http://bob@host", "tracking.uri=http://host/a:b@c"])  # fmt: skip
def test_what_has_no_password_stays_as_it_is(text: str) -> None:
    assert hidden(text) == text
    assert taken_out([text, f"tracking.uri={text}"]) == [text, f"tracking.uri={text}"]


def test_a_password_in_an_error_is_hidden() -> None:
    said = "Max retries: http://bob:s3cret@host:1/api and postgresql://a:b@c"
    assert hidden(said) == "Max retries: http://bob:***@host:1/api and postgresql://a:***@c"


def test_a_password_among_a_database_s_settings_is_taken_out_too() -> None:
    typed = "tracking.uri=postgresql://host/db?user=bob&password=s3%2Fcret&sslmode=require"
    shown = "postgresql://host/db?user=bob&password=***&sslmode=require"
    assert taken_out([typed]) == [f"tracking.uri={shown}"]
    assert revealed(shown) == typed.partition("=")[2]
    assert public(revealed(shown)) == shown
    assert hidden(f"cannot reach {typed}") == f"cannot reach tracking.uri={shown}"


def test_a_password_that_a_variable_holds_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "s3cret")
    (typed,) = as_typed(["tracking.uri=http://bob:${oc.env:MINE}@host"])
    assert typed == 'tracking.uri="http://bob:${oc.env:MINE}@host"'
    config, _, overrides = composition([typed])
    assert config.tracking.uri == "http://bob:s3cret@host"  # type: ignore[union-attr]
    assert "s3cret" not in f"{config.model_dump()} {overrides}"


def test_a_sweep_over_stores_with_passwords_is_refused_as_a_password_would_get_to_another_s_host() -> None:
    with pytest.raises(UserError, match="a store with a password cannot be swept over"):
        taken_out(["tracking.uri=http://a:one@host,http://b:two@other"])


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bob:pw12345@h/db?sslmode=require&sslpassword=keysecret",
        "postgresql://h/db?password=one&sslpassword=two",
        "postgresql://bob:${oc.env:A}@h/db?sslpassword=two",
    ],
)
def test_of_two_passwords_in_one_address_none_would_be_hidden_so_it_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="can hold one password") as refused:
        taken_out([f"tracking.uri={address}"])
    assert "keysecret" not in str(refused.value)


def test_a_password_that_stands_alone_in_a_text_is_hidden_where_it_is_long_enough_to_tell() -> None:
    taken_out(["tracking.uri=http://bob:s3cret/x@host"])
    assert hidden("FATAL: no user with s3cret/x or s3cret%2Fx") == "FATAL: no user with *** or ***"
    taken_out(["tracking.uri=http://bob:a@host"])
    assert hidden("a server") == "a server"


def test_a_token_does_for_a_server_whose_password_is_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token")
    assert revealed("http://bob:***@host:5000") == "http://host:5000"
    with pytest.raises(UserError, match=f"or set {VARIABLE}$"):
        revealed("postgresql://bob:***@host/db")


def test_a_password_in_mlflow_s_variable_is_for_that_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, "http://bob:s3 c/ret@team:5000")
    whole = "http://bob:s3%20c%2Fret@team:5000"
    assert revealed("http://bob:s3 c/ret@team:5000") == whole
    assert revealed("http://bob:***@team:5000") == whole  # as a run's record has it
    with pytest.raises(UserError, match="is not stored"):
        revealed("http://bob:***@other:5000")
    assert hidden("FATAL: no user with s3 c/ret") == "FATAL: no user with ***"
    taken_out(["tracking.uri=http://bob:typed@team:5000"])
    assert revealed("http://bob:***@team:5000") == "http://bob:typed@team:5000"


def test_an_address_without_its_login_is_for_browsers() -> None:
    assert without_login("http://bob:***@[::1]:5000/a") == "http://[::1]:5000/a"
    assert without_login("http://host:5000") == "http://host:5000"
