/* Secrets in columns: sealed for the very place where they are. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "store/db.h"

static char *place_of(const char *where, int64_t id, int64_t seq)
{
	if (seq < 0)
		return xasprintf("%s.%" PRId64, where, id);
	return xasprintf("%s.%" PRId64 ".%" PRId64, where, id, seq);
}

static enum err_code need_key(const struct store *s, struct err *e)
{
	if (s->key == NULL)
		return err_set(e, ERR_DENIED, "this process has no key to the stored secrets");
	return ERR_OK;
}

static enum err_code read_clear(struct store *s, const char *where, int64_t id, int64_t seq,
                                const struct query *q, int col, struct strbuf *out, struct err *e)
{
	CLEANUP(free_str) char *place = place_of(where, id, seq);
	const void *blob = sqlite3_column_blob(q->st, col);
	int len = sqlite3_column_bytes(q->st, col);

	TRY(need_key(s, e));
	if (crypt_open(s->key, place, blob, (size_t)len, out, e) != ERR_OK)
		return err_wrap(e, "%s", place);
	return ERR_OK;
}

enum err_code sealed_write(struct store *s, const char *where, int64_t id, int64_t seq,
                           const struct json *value, struct strbuf *out, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf clear = STRBUF_INIT;
	CLEANUP(free_str) char *place = place_of(where, id, seq);

	TRY(need_key(s, e));
	json_dump(value, &clear);
	if (clear.overflow)
		return err_set(e, ERR_LIMIT, "%s: too long", place);
	return crypt_seal(s->key, place, clear.data, clear.len, out, e);
}

enum err_code sealed_read(struct store *s, const char *where, int64_t id, int64_t seq,
                          const struct query *q, int col, struct json **out, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf clear = STRBUF_INIT;

	TRY(read_clear(s, where, id, seq, q, col, &clear, e));
	return json_parse(strbuf_cstr(&clear), clear.len, out, e);
}

enum err_code sealed_write_text(struct store *s, const char *where, int64_t id, const char *text,
                                struct strbuf *out, struct err *e)
{
	CLEANUP(free_str) char *place = place_of(where, id, -1);

	TRY(need_key(s, e));
	return crypt_seal(s->key, place, text, strlen(text), out, e);
}

enum err_code sealed_read_text(struct store *s, const char *where, int64_t id,
                               const struct query *q, int col, struct strbuf *out, struct err *e)
{
	return read_clear(s, where, id, -1, q, col, out, e);
}
