"""SQLite finds the rows of argilla-server's own queries by the right index."""

from __future__ import annotations

import sqlite3

import pytest

QUERIES = {
    "SELECT * FROM records WHERE id IN ({marks}) AND dataset_id = 'd'": "sqlite_autoindex_records_1",
    "SELECT * FROM records WHERE external_id IN ({marks}) AND dataset_id = 'd'": "sqlite_autoindex_records_2",
    "SELECT * FROM records WHERE dataset_id = 'd' ORDER BY inserted_at LIMIT 50": "sharegpt_records_of_dataset",
    "SELECT COUNT(id) FROM records WHERE dataset_id = 'd'": "COVERING INDEX sharegpt_records_of_dataset",
    "SELECT id FROM records WHERE dataset_id = 'd' AND updated_at > 1": "COVERING INDEX sharegpt_records_of",
    "SELECT record_id FROM responses WHERE updated_at >= '2026'": "COVERING INDEX sharegpt_responses_by_time",
    "SELECT record_id FROM suggestions WHERE updated_at >= '2026'": "COVERING INDEX sharegpt_suggestions_by_time",
    "SELECT COUNT(*), MAX(updated_at) FROM suggestions": "COVERING INDEX sharegpt_suggestions_by_time",
    "SELECT MAX(updated_at) FROM responses WHERE record_id = 'r'": "COVERING INDEX sharegpt_responses_to_record",
    "SELECT * FROM responses WHERE record_id IN ({marks}) AND status = 'submitted'": "responses_to_record",
    "SELECT * FROM responses WHERE record_id IN ({marks}) AND user_id = 'u'": "sqlite_autoindex_responses_2",
    "SELECT * FROM suggestions WHERE record_id IN ({marks}) ORDER BY inserted_at": "record_id=?",
    "SELECT * FROM vectors WHERE record_id IN ({marks}) ORDER BY inserted_at": "record_id=?",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database as the server finds it at its second start."""
    from argilla_server.models.base import DatabaseModel
    from sqlalchemy import create_engine

    from sharegpt_argilla.embedded_argilla import server_database as query_plans

    path = tmp_path_factory.mktemp("plans") / "argilla.db"
    engine = create_engine(f"sqlite:///{path}")
    DatabaseModel.metadata.create_all(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query_plans, "sync_engine", engine)
        query_plans.plan_queries()
        query_plans.plan_queries()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize("count", [1, 10, 250])
@pytest.mark.parametrize(("query", "index"), QUERIES.items())
def test_the_right_index_is_taken(database, query, index, count):
    marks = ",".join(f"'{number}'" for number in range(count))
    (first, *_) = database.execute("EXPLAIN QUERY PLAN " + query.format(marks=marks)).fetchall()
    assert index in first[3]


def test_indexes_of_an_earlier_version_are_replaced(tmp_path, monkeypatch):
    from argilla_server.models.base import DatabaseModel
    from sqlalchemy import create_engine, text

    from sharegpt_argilla.embedded_argilla import server_database

    engine = create_engine(f"sqlite:///{tmp_path / 'argilla.db'}")
    DatabaseModel.metadata.create_all(engine)
    former = "CREATE INDEX sharegpt_responses_of_record ON responses (record_id, status)"
    with engine.begin() as connection:
        connection.execute(text(former))
    monkeypatch.setattr(server_database, "sync_engine", engine)
    server_database.plan_queries()
    with engine.begin() as connection:
        ours = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'sharegpt%' ORDER BY name"
        assert list(connection.scalars(text(ours))) == [
            "sharegpt_records_of_dataset",
            "sharegpt_responses_by_time",
            "sharegpt_responses_to_record",
            "sharegpt_suggestions_by_time",
        ]


def test_there_are_statistics_of_every_index_of_the_large_tables(database):
    indexes = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' "
        "AND tbl_name IN ('records', 'responses', 'suggestions', 'vectors') ORDER BY name"
    ).fetchall()
    assert database.execute("SELECT idx FROM sqlite_stat1 ORDER BY idx").fetchall() == indexes
