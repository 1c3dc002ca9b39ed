/* pg_hba.conf: rules in and out, and the one block of lines that is ours.  Lines outside the
 * block stay byte for byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

#define HBA_BLOCK_BEGIN "# BEGIN pgTandem managed block"
#define HBA_BLOCK_END   "# END pgTandem managed block"
/* One word of a line; fields are separated by blanks, words in one field by commas. */
struct hba_token {
	const char *text; /* unquoted */
	bool quoted;      /* "all" and all are different names */
	size_t field;     /* from 0 */
};

/* One line of the file; lines that continue with a backslash are one. */
struct hba_line {
	const char *raw; /* borrowed from the text, RAW_LEN bytes with the line end */
	size_t raw_len;
	struct hba_token *tokens;
	size_t token_count; /* 0: comment or blank */
};

struct hba_file {
	struct hba_line *lines;
	size_t count;
};

/* Split the text, which must outlive OUT, as the server does.  ERR_PARSE for a NUL byte. */
enum err_code hba_parse(const char *text, size_t len, struct arena *a, struct hba_file *out,
                        struct err *e);

/* A rule to write.  database and user are names (quoted as needed) unless the _keyword field
 * says that "all", "replication" or "+group" is meant as such. */
struct hba_rule {
	const char *type; /* host, hostssl, hostnossl, local */
	const char *database;
	bool database_keyword;
	const char *user;
	bool user_keyword;
	const char
	        *address;   /* IPv4, IPv6, CIDR, host name, .suffix, samenet, all; NULL for local */
	const char *method; /* scram-sha-256, md5, cert, reject, ... */
};

/* One line with newline.  A bare IP address gets /32 or /128.  ERR_INVALID for a control character,
 * an unknown type or an empty part. */
enum err_code hba_rule_format(const struct hba_rule *r, struct strbuf *out, struct err *e);

/* Lines (each with its newline) of the managed block; "" when there is none. */
enum err_code hba_block_get(const char *text, size_t len, struct strbuf *out, struct err *e);
/* The whole file with the block replaced by LINES, at the top when there was none; no LINES: the
 * block goes.  ERR_PARSE when begin and end marks do not pair. */
enum err_code hba_block_set(const char *text, size_t len, const char *lines, struct strbuf *out,
                            struct err *e);
/* The whole file with the lines of ADD merged into the block, each once, and those of DEL out of
 * it. Either may be NULL. */
enum err_code hba_block_merge(const char *text, size_t len, const char *add, const char *del,
                              struct strbuf *out, struct err *e);
