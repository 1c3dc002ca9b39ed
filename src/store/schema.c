/* The tables.  A migration is never changed once it was released: add the next one. */
#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"
#include "store/db.h"

/* "pgTd": what the file says it is. */
#define APPLICATION_ID 0x70675464

static const char migration_1[] =
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID;"
        "INSERT INTO counters VALUES ('cluster_id', 0);"

        "CREATE TABLE users ("
        " user_id INTEGER PRIMARY KEY AUTOINCREMENT, user_name TEXT NOT NULL UNIQUE,"
        " first_name TEXT NOT NULL, last_name TEXT NOT NULL, title TEXT NOT NULL,"
        " email TEXT NOT NULL, password_hash TEXT NOT NULL, created INTEGER NOT NULL,"
        " last_login INTEGER NOT NULL DEFAULT 0, last_failed_login INTEGER NOT NULL DEFAULT 0,"
        " n_failed_logins INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TABLE groups ("
        " group_id INTEGER PRIMARY KEY AUTOINCREMENT, group_name TEXT NOT NULL UNIQUE,"
        " created INTEGER NOT NULL) STRICT;"
        "INSERT INTO groups VALUES (1, 'admins', 0), (2, 'users', 0);"
        "CREATE TABLE user_groups ("
        " user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,"
        " group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,"
        " position INTEGER NOT NULL, PRIMARY KEY (user_id, group_id)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE user_keys ("
        " key_id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,"
        " name TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL,"
        " UNIQUE (user_id, key)) STRICT;"

        "CREATE TABLE clusters ("
        " cluster_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " remote_cluster_id INTEGER NOT NULL, body TEXT NOT NULL, secrets BLOB NOT NULL) STRICT;"
        "CREATE TABLE nodes ("
        " node_id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " cluster_id INTEGER NOT NULL REFERENCES clusters ON DELETE CASCADE,"
        " hostname TEXT NOT NULL COLLATE NOCASE, ip TEXT NOT NULL COLLATE NOCASE,"
        " port INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (hostname, port)) STRICT;"
        "CREATE INDEX nodes_cluster ON nodes (cluster_id);"

        "CREATE TABLE jobs ("
        " job_id INTEGER PRIMARY KEY AUTOINCREMENT, cluster_id INTEGER NOT NULL,"
        " parent_job_id INTEGER NOT NULL, command TEXT NOT NULL, title TEXT NOT NULL,"
        " state INTEGER NOT NULL, status_text TEXT NOT NULL, created INTEGER NOT NULL,"
        " started INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0,"
        " scheduled INTEGER NOT NULL, recurrence TEXT NOT NULL,"
        " progress_known INTEGER NOT NULL DEFAULT 0, progress_percent REAL NOT NULL DEFAULT 0,"
        " progress_text TEXT NOT NULL DEFAULT '', done_bytes INTEGER NOT NULL DEFAULT 0,"
        " total_bytes INTEGER NOT NULL DEFAULT 0, rate INTEGER NOT NULL DEFAULT 0,"
        " eta_s INTEGER NOT NULL DEFAULT -1,"
        " user_id INTEGER NOT NULL, user_name TEXT NOT NULL, group_id INTEGER NOT NULL,"
        " group_name TEXT NOT NULL, ip_address TEXT NOT NULL,"
        " exit_code INTEGER NOT NULL DEFAULT 0, phase INTEGER NOT NULL DEFAULT 0,"
        " attempt INTEGER NOT NULL DEFAULT 0, cancel INTEGER NOT NULL DEFAULT 0,"
        " dedup_key TEXT, job_data TEXT NOT NULL, job_data_sealed BLOB, result TEXT) STRICT;"
        "CREATE UNIQUE INDEX jobs_dedup ON jobs (dedup_key) WHERE dedup_key IS NOT NULL;"
        "CREATE INDEX jobs_state ON jobs (state);"
        "CREATE INDEX jobs_cluster ON jobs (cluster_id);"
        "CREATE TABLE job_tags ("
        " job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, position INTEGER NOT NULL,"
        " tag TEXT NOT NULL, PRIMARY KEY (job_id, position)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE job_logs ("
        " job_id INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,"
        " messages INTEGER NOT NULL, visible INTEGER NOT NULL) STRICT;"
        "CREATE TABLE job_messages ("
        " message_id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,"
        " seq INTEGER NOT NULL, visible_seq INTEGER," /* visible_seq: debug messages have none */
        " created INTEGER NOT NULL, level INTEGER NOT NULL, text TEXT NOT NULL,"
        " file TEXT NOT NULL, line INTEGER NOT NULL, fields TEXT) STRICT;"
        "CREATE UNIQUE INDEX job_messages_seq ON job_messages (job_id, seq);"
        "CREATE UNIQUE INDEX job_messages_visible ON job_messages (job_id, visible_seq)"
        " WHERE visible_seq IS NOT NULL;"
        "CREATE TABLE job_plan ("
        " job_id INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,"
        " created INTEGER NOT NULL, context BLOB NOT NULL) STRICT;"
        "CREATE TABLE job_steps ("
        " job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE, seq INTEGER NOT NULL,"
        " name TEXT NOT NULL, title TEXT NOT NULL, host TEXT NOT NULL, state INTEGER NOT NULL,"
        " note TEXT NOT NULL, started INTEGER NOT NULL DEFAULT 0,"
        " ended INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,"
        " body BLOB NOT NULL, PRIMARY KEY (job_id, seq)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE cluster_reservations ("
        " cluster_id INTEGER PRIMARY KEY,"
        " job_id INTEGER NOT NULL UNIQUE REFERENCES jobs ON DELETE CASCADE,"
        " name TEXT NOT NULL UNIQUE, remote_cluster_id INTEGER NOT NULL,"
        " created INTEGER NOT NULL) STRICT;"
        "CREATE TABLE reservation_hosts ("
        " hostname TEXT NOT NULL COLLATE NOCASE, port INTEGER NOT NULL,"
        " cluster_id INTEGER NOT NULL REFERENCES cluster_reservations ON DELETE CASCADE,"
        " PRIMARY KEY (hostname, port)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE audit ("
        " audit_id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL,"
        " user_id INTEGER NOT NULL, user_name TEXT NOT NULL, ip TEXT NOT NULL,"
        " action TEXT NOT NULL, object TEXT NOT NULL, cluster_id INTEGER NOT NULL,"
        " ok INTEGER NOT NULL, details TEXT) STRICT;"
        "CREATE TABLE ca ("
        " ca_id INTEGER PRIMARY KEY CHECK (ca_id = 1), cert TEXT NOT NULL, key BLOB NOT NULL,"
        " created INTEGER NOT NULL) STRICT;";

static const char *const migrations[] = { migration_1 };

int store_schema_newest(void)
{
	return (int)ARRAY_SIZE(migrations);
}

static enum err_code pragma_int(struct db *d, const char *sql, int64_t *out, struct err *e)
{
	return db_get_int(d, sql, 0, out, NULL, e);
}

static enum err_code add_controller_id(struct db *d, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	char uuid[37];

	random_uuid(uuid);
	TRY(query_begin(d, "INSERT INTO meta VALUES ('controller_id', ?1) ON CONFLICT DO NOTHING",
	                &q, e));
	bind_text(&q, uuid);
	return query_run(&q, e);
}

static enum err_code apply(struct db *d, int64_t number, struct err *e)
{
	char pragma[64];

	TRY(db_exec(d, migrations[number - 1], e));
	TRY(add_controller_id(d, e));
	/* a pragma takes no bound value; the number is our own */
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %" PRId64, number);
	TRY(db_exec(d, pragma, e));
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", APPLICATION_ID);
	return db_exec(d, pragma, e);
}

static enum err_code migrate_one(struct db *d, int64_t number, struct err *e)
{
	enum err_code rc;

	TRY(db_begin(d, e));
	rc = apply(d, number, e);
	if (rc == ERR_OK)
		rc = db_commit(d, e);
	if (rc == ERR_OK)
		return ERR_OK;
	db_rollback(d);
	return err_wrap(e, "migration %" PRId64, number);
}

static enum err_code refuse_foreign(struct db *d, int64_t version, struct err *e)
{
	int64_t id = 0, tables = 0;

	TRY(pragma_int(d, "PRAGMA application_id", &id, e));
	TRY(pragma_int(d, "SELECT count(*) FROM sqlite_schema", &tables, e));
	if (id != APPLICATION_ID && (version != 0 || tables != 0))
		return err_set(e, ERR_UNSUPPORTED, "%s: the file belongs to another program",
		               d->what);
	if (version > store_schema_newest()) {
		err_set(e, ERR_UNSUPPORTED,
		        "%s: written by a newer version (schema %" PRId64 ", known up to %d)",
		        d->what, version, store_schema_newest());
		return err_hint(e, "install the newer version again, or restore a backup of the "
		                   "data directory from before the upgrade");
	}
	return ERR_OK;
}

enum err_code schema_migrate(struct db *d, struct err *e)
{
	int64_t version = 0;

	TRY(pragma_int(d, "PRAGMA user_version", &version, e));
	TRY(refuse_foreign(d, version, e));
	while (version < store_schema_newest())
		TRY(migrate_one(d, ++version, e));
	return ERR_OK;
}

/* For readers, who cannot migrate: the writer does it when it starts. */
enum err_code schema_check(struct db *d, struct err *e)
{
	int64_t version = 0;

	TRY(pragma_int(d, "PRAGMA user_version", &version, e));
	TRY(refuse_foreign(d, version, e));
	if (version < store_schema_newest())
		return err_set(e, ERR_BUSY, "%s: not made or migrated yet", d->what);
	return ERR_OK;
}

int store_schema(struct store *s)
{
	int64_t version = -1;

	(void)pragma_int(&s->main, "PRAGMA user_version", &version, NULL);
	return (int)version;
}

enum err_code schema_make_live(struct db *d, struct err *e)
{
	return db_exec(d,
	               "CREATE TABLE IF NOT EXISTS node_live ("
	               " node_id INTEGER PRIMARY KEY, cluster_id INTEGER NOT NULL,"
	               " body TEXT NOT NULL) STRICT;",
	               e);
}
