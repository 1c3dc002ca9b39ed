/* The controller's memory on disk: the only door to SQLite.  One process opens it to read and
 * write (the engine), others only to read, also under another user whose group is the store's.
 *
 * DIR/pgtandem.db  everything that must survive (WAL, synchronous=FULL)
 * DIR/live.db      measurements (synchronous=OFF), see live.h
 *
 * Every function that changes something is a transaction by itself, or a part of the one that
 * the caller has open: a change and its audit row belong into one.  What lists return lives in
 * the arena that was given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "crypt/seal.h"

struct store;

enum store_mode { STORE_READ_ONLY, STORE_READ_WRITE };

struct store_options {
	const char *dir;
	enum store_mode mode;
	const struct crypt_key *key; /* borrowed; NULL: sealed values cannot be read or written */
	gid_t group;                 /* who may read: (gid_t)-1 leaves it as it is */
	int busy_timeout_ms;         /* 0: 5000 */
};

/* Opens, for READ_WRITE also makes and migrates.  ERR_NOT_FOUND when a reader comes before the
 * writer has made it, ERR_UNSUPPORTED when a newer pgTandem has written it, ERR_BUSY when another
 * process has it open to write. */
enum err_code store_open(const struct store_options *o, struct store **out, struct err *e);
void store_close(struct store **s);

/* A number that differs when something was changed since, by whomever; cheap. */
enum err_code store_version(struct store *s, int64_t *out, struct err *e);
/* The same for measurements. */
enum err_code store_live_version(struct store *s, int64_t *out, struct err *e);
/* The number of the newest migration, and of the one in the file. */
int store_schema_newest(void);
int store_schema(struct store *s);
/* Looks over the whole file: ERR_IO names what is damaged. */
enum err_code store_check(struct store *s, struct err *e);
/* The identity of this controller, made with the store: a UUID, borrowed. */
const char *store_controller_id(const struct store *s);

/* A transaction; inside another one a savepoint.
 *	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
 *	TRY(store_tx_begin(s, &tx, e));
 *	...
 *	return store_tx_commit(&tx, e);	 */
struct store_tx {
	struct store *store;
	int depth;
	bool open;
};
enum err_code store_tx_begin(struct store *s, struct store_tx *tx, struct err *e);
enum err_code store_tx_commit(struct store_tx *tx, struct err *e);
void store_tx_rollback(struct store_tx *tx);
/* Rolls back unless it was committed. */
void store_tx_end(struct store_tx *tx);
