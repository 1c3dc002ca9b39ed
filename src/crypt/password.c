#include "crypt/password.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/macros.h"
#include "base/random.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "crypt/mem.h"
#include "crypt/ossl.h"

/* 32 MiB and some 80 ms for each try. */
#define COST_LN      15
#define COST_R       8
#define COST_P       1
#define COST_LN_MAX  20 /* of a stored text: bounds what it can make us do */
#define COST_RP_MAX  32
#define SALT_SIZE    16
#define HASH_SIZE    32
#define MEMORY_SLACK (1u << 20)

struct phc {
	unsigned int ln, r, p;
	unsigned char salt[SALT_SIZE];
	unsigned char hash[HASH_SIZE];
};

static bool derive(const char *password, const struct phc *h, unsigned char out[HASH_SIZE])
{
	uint64_t n = 1ull << h->ln;
	uint64_t memory = 128ull * h->r * (n + h->p) + MEMORY_SLACK;

	return EVP_PBE_scrypt(password, strlen(password), h->salt, SALT_SIZE, n, h->r, h->p, memory,
	                      out, HASH_SIZE) == 1;
}

/* PHC strings have base64 without padding. */
static void add_unpadded(struct strbuf *b, const void *data, size_t len)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	base64_encode(data, len, &text);
	while (text.len > 0 && text.data[text.len - 1] == '=')
		text.len--;
	strbuf_add(b, text.data, text.len);
}

static bool decode_unpadded(const char *text, unsigned char *out, size_t len)
{
	CLEANUP(strbuf_release) struct strbuf padded = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf bytes = STRBUF_INIT;

	strbuf_adds(&padded, text);
	while (padded.len % 4 != 0)
		strbuf_addc(&padded, '=');
	if (base64_decode(strbuf_cstr(&padded), &bytes, NULL) != ERR_OK || bytes.len != len)
		return false;
	memcpy(out, bytes.data, len);
	return true;
}

enum err_code crypt_password_hash(const char *password, char out[CRYPT_HASH_SIZE], struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct phc h = { COST_LN, COST_R, COST_P };

	if (str_empty(password))
		return err_set(e, ERR_INVALID, "the password is empty");
	if (strlen(password) > CRYPT_PASSWORD_MAX)
		return err_set(e, ERR_INVALID, "the password is longer than %d bytes",
		               CRYPT_PASSWORD_MAX);
	random_bytes(h.salt, sizeof(h.salt));
	if (!derive(password, &h, h.hash))
		return ossl_error(e, ERR_INTERNAL, "hash a password");
	strbuf_addf(&text, "$scrypt$ln=%u,r=%u,p=%u$", h.ln, h.r, h.p);
	add_unpadded(&text, h.salt, sizeof(h.salt));
	strbuf_addc(&text, '$');
	add_unpadded(&text, h.hash, sizeof(h.hash));
	snprintf(out, CRYPT_HASH_SIZE, "%s", strbuf_cstr(&text));
	return ERR_OK;
}

static bool costs_are_sane(const struct phc *h)
{
	return h->ln >= 1 && h->ln <= COST_LN_MAX && h->r >= 1 && h->r <= COST_RP_MAX &&
	       h->p >= 1 && h->p <= COST_RP_MAX;
}

static bool phc_parse(const char *text, struct phc *h)
{
	char salt[64], hash[64];

	if (sscanf(text, "$scrypt$ln=%u,r=%u,p=%u$%63[^$]$%63[^$]", &h->ln, &h->r, &h->p, salt,
	           hash) != 5)
		return false;
	return costs_are_sane(h) && decode_unpadded(salt, h->salt, sizeof(h->salt)) &&
	       decode_unpadded(hash, h->hash, sizeof(h->hash));
}

bool crypt_password_verify(const char *password, const char *hash)
{
	struct phc h = { COST_LN, COST_R, COST_P };
	unsigned char got[HASH_SIZE];
	bool usable, same;

	if (password == NULL || strlen(password) > CRYPT_PASSWORD_MAX)
		return false;
	usable = !str_empty(hash) && phc_parse(hash, &h);
	if (!usable)
		h = (struct phc){ COST_LN, COST_R, COST_P };
	same = derive(password, &h, got) && crypt_equal(got, h.hash, sizeof(got));
	crypt_wipe(got, sizeof(got));
	return usable && same;
}
