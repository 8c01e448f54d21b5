import pytest

from alma_cli.core.languages import beginnings, is_foreign


@pytest.mark.parametrize(
    "text",
    [
        "eine neue Variable für die Umgebung setzen",
        "die Größe des Images verringern",
        "¿por qué la prueba falla en CI?",
        "quel nom donner à ma branche",
        "as filas estão crescendo",
        "il test passa nel container",
        "waarom is de build niet groen",
    ],
)
def test_a_language_is_told_by_its_small_words_and_accents(text):
    assert is_foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fix the flaky login test",
        "Airflow 2.2 → 2.8, three schedulers",
        "the café API is down",
        "scale factor 0 per table in the database",
        "数据库迁移什么时候运行",
        "DateTimeParseException in audit-sink",
    ],
)
def test_english_names_and_other_scripts_are_not_foreign(text):
    assert not is_foreign(text)


def test_only_the_first_words_of_a_long_text_are_looked_at():
    assert not is_foreign("the test " * 30 + "und nicht " * 30)


def test_words_begin_alike_whatever_their_endings_and_accents():
    assert {"daten", "migra"} == beginnings("Datenbank: Migração")
    assert beginnings("Datenbankmigrationen") <= beginnings("die Datenbank")
    assert not beginnings("a few of us")
