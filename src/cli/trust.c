#include "cli/trust.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/mem.h"

#define CERT_LINE_MAX 65536
#define PEM_BEGIN     "-----BEGIN CERTIFICATE-----"
#define PEM_END       "-----END CERTIFICATE-----"
#define PEM_WIDTH     64

/* The base64 of the certificate in one line. */
static enum err_code body_of(const char *pem, struct strbuf *out, struct err *e)
{
	const char *begin = strstr(pem, PEM_BEGIN), *end = strstr(pem, PEM_END);

	if (!begin || !end || end < begin)
		return err_set(e, ERR_PARSE, "this is no certificate");
	for (begin += strlen(PEM_BEGIN); begin < end; begin++)
		if (!strchr(" \r\n\t", *begin))
			strbuf_addc(out, *begin);
	return ERR_OK;
}

static void pem_of(const char *body, struct strbuf *out)
{
	strbuf_adds(out, PEM_BEGIN "\n");
	for (size_t len = strlen(body), i = 0; i < len; i += PEM_WIDTH)
		strbuf_addf(out, "%.*s\n", PEM_WIDTH, body + i);
	strbuf_adds(out, PEM_END "\n");
}

enum err_code trust_fingerprint(const char *pem, char out[TRUST_FINGERPRINT], struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf body = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf der = STRBUF_INIT;
	char hex[CRYPT_SHA256_HEX];

	TRY(body_of(pem, &body, e));
	TRY(base64_decode(strbuf_cstr(&body), &der, e));
	crypt_sha256_hex(der.data, der.len, hex);
	snprintf(out, TRUST_FINGERPRINT, "SHA256:%s", hex);
	return ERR_OK;
}

enum err_code trust_find(const char *path, const char *place, struct strbuf *pem, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char line[CERT_LINE_MAX], word[512];
	const char *cursor;

	if (!fs_exists(path))
		return ERR_OK;
	TRY(fs_read(path, TRUST_FILE_MAX, &text, e));
	for (cursor = strbuf_cstr(&text); str_field(&cursor, "\n", line, sizeof(line));) {
		const char *rest = line;

		if (!str_field(&rest, " ", word, sizeof(word)) || !str_eq(word, place))
			continue;
		if (!str_field(&rest, " ", word, sizeof(word)) || str_empty(rest))
			return err_set(e, ERR_PARSE, "%s: the line of %s is damaged", path, place);
		pem_of(rest, pem);
		return ERR_OK;
	}
	return ERR_OK;
}

enum err_code trust_add(const char *path, const char *place, const char *pem, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf body = STRBUF_INIT;
	CLEANUP(free_str) char *dir = NULL;
	char fingerprint[TRUST_FINGERPRINT];

	TRY(trust_fingerprint(pem, fingerprint, e));
	TRY(body_of(pem, &body, e));
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	TRY(fs_mkdirs(dir, 0700, e));
	if (fs_exists(path))
		TRY(fs_read(path, TRUST_FILE_MAX, &text, e));
	if (text.len && text.data[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	strbuf_addf(&text, "%s %s %s\n", place, fingerprint, strbuf_cstr(&body));
	return fs_write_atomic(path, text.data, text.len, 0600, e);
}
