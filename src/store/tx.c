/* Transactions, and savepoints inside them. */
#include "base/failpoint.h"
#include "store/db.h"

enum err_code db_begin(struct db *d, struct err *e)
{
	const char *sql = d->depth > 0 ? "SAVEPOINT s" : d->writable ? "BEGIN IMMEDIATE" : "BEGIN";

	TRY(db_exec(d, sql, e));
	d->depth++;
	return ERR_OK;
}

enum err_code db_commit(struct db *d, struct err *e)
{
	enum err_code rc;

	if (d->depth > 1)
		rc = db_exec(d, "RELEASE s", e);
	else
		rc = db_exec(d, "COMMIT", e);
	if (rc == ERR_OK)
		d->depth--;
	return rc;
}

void db_rollback(struct db *d)
{
	d->depth--;
	if (d->depth > 0)
		(void)db_exec(d, "ROLLBACK TO s; RELEASE s", NULL);
	else if (!sqlite3_get_autocommit(d->h)) /* some errors end the transaction themselves */
		(void)db_exec(d, "ROLLBACK", NULL);
}

enum err_code store_tx_begin(struct store *s, struct store_tx *tx, struct err *e)
{
	TRY(db_begin(&s->main, e));
	*tx = (struct store_tx){ .store = s, .depth = s->main.depth, .open = true };
	return ERR_OK;
}

enum err_code store_tx_commit(struct store_tx *tx, struct err *e)
{
	struct db *d;

	if (!tx->open || tx->depth != tx->store->main.depth)
		return err_set(e, ERR_INTERNAL, "transactions are not nested");
	d = &tx->store->main;
	if (d->depth == 1 && d->writable)
		FAILPOINT_HERE("store.commit.before");
	TRY(db_commit(d, e)); /* open still: store_tx_end() rolls back */
	tx->open = false;
	if (d->depth == 0 && d->writable)
		FAILPOINT_HERE("store.commit.after");
	return ERR_OK;
}

void store_tx_rollback(struct store_tx *tx)
{
	if (!tx->open)
		return;
	/* inner ones that were left open go with it */
	while (tx->store->main.depth >= tx->depth)
		db_rollback(&tx->store->main);
	tx->open = false;
}

void store_tx_end(struct store_tx *tx)
{
	store_tx_rollback(tx);
}
