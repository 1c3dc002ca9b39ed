#include "crypt/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "crypt/mem.h"
#include "crypt/ossl.h"

/* A sealed value: version, nonce, ciphertext, tag. */
#define SEAL_VERSION 1
#define NONCE_SIZE   12
#define TAG_SIZE     16
#define OVERHEAD     (1 + NONCE_SIZE + TAG_SIZE)
#define KEY_SIZE     32
#define KEY_FILE     "master.key"

struct crypt_key {
	unsigned char bytes[KEY_SIZE];
};

struct crypt_key *crypt_key_new(const unsigned char bytes[KEY_SIZE])
{
	struct crypt_key *k = xcalloc(1, sizeof(*k));

	memcpy(k->bytes, bytes, KEY_SIZE);
	return k;
}

void crypt_key_free(struct crypt_key **k)
{
	if (*k == NULL)
		return;
	crypt_wipe(*k, sizeof(**k));
	free(*k);
	*k = NULL;
}

/* A systemd credential may be readable by its unit's group; it lives in a private directory. */
static enum err_code check_file(const char *path, int fd, bool credential, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_REFUSED, "%s is not a file", path);
	if (credential)
		return ERR_OK;
	if (st.st_uid != geteuid())
		return err_set(e, ERR_REFUSED, "%s belongs to another user", path);
	if ((st.st_mode & 07777) != 0600) {
		err_set(e, ERR_REFUSED, "%s has mode %04o, not 0600", path, st.st_mode & 07777);
		return err_hint(e, "find out who could read it; then chmod 600 %s", path);
	}
	return ERR_OK;
}

static enum err_code read_key(const char *path, bool credential, struct crypt_key **out,
                              struct err *e)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned char bytes[KEY_SIZE + 1];
	ssize_t n;

	if (fd < 0)
		return err_errno(e, ERR_IO, "%s", path);
	TRY(check_file(path, fd, credential, e));
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0)
		return err_errno(e, ERR_IO, "%s", path);
	if (n == KEY_SIZE)
		*out = crypt_key_new(bytes);
	crypt_wipe(bytes, sizeof(bytes));
	if (n != KEY_SIZE)
		return err_set(e, ERR_REFUSED, "%s is not %d bytes long", path, KEY_SIZE);
	return ERR_OK;
}

static enum err_code make_key(const char *path, struct err *e)
{
	unsigned char bytes[KEY_SIZE];
	enum err_code rc;

	random_bytes(bytes, sizeof(bytes));
	rc = fs_write_atomic(path, bytes, sizeof(bytes), 0600, e);
	crypt_wipe(bytes, sizeof(bytes));
	return rc;
}

enum err_code crypt_key_load(const char *dir, struct crypt_key **out, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(free_str)
	char *credential = xasprintf("%s/" KEY_FILE, str_or(credentials, "/nonexistent"));
	CLEANUP(free_str) char *path = xasprintf("%s/" KEY_FILE, dir);

	if (!str_empty(credentials) && fs_exists(credential))
		return read_key(credential, true, out, e) ? err_wrap(e, "master key") : ERR_OK;
	if (!fs_exists(path) && (fs_mkdirs(dir, 0750, e) != ERR_OK || make_key(path, e) != ERR_OK))
		return err_wrap(e, "make the master key");
	return read_key(path, false, out, e) ? err_wrap(e, "master key") : ERR_OK;
}

static void free_ctx(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

static bool start(EVP_CIPHER_CTX *ctx, const struct crypt_key *k, const char *place,
                  const unsigned char *nonce, int encrypt)
{
	int n;

	return ctx != NULL &&
	       EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, k->bytes, nonce, encrypt) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)place, (int)strlen(place)) ==
	               1;
}

static bool encrypt(EVP_CIPHER_CTX *ctx, const void *data, size_t len, unsigned char *out)
{
	int n = 0, last = 0;

	return EVP_CipherUpdate(ctx, out, &n, data, (int)len) == 1 &&
	       EVP_CipherFinal_ex(ctx, out + n, &last) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + len) == 1;
}

enum err_code crypt_seal(const struct crypt_key *k, const char *place, const void *data, size_t len,
                         struct strbuf *out, struct err *e)
{
	CLEANUP(free_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	CLEANUP(free_str) char *sealed = NULL;
	unsigned char *p;

	if (len > INT_MAX - OVERHEAD)
		return err_set(e, ERR_LIMIT, "too long to be sealed");
	sealed = xcalloc(1, len + OVERHEAD);
	p = (unsigned char *)sealed;
	p[0] = SEAL_VERSION;
	random_bytes(p + 1, NONCE_SIZE);
	if (!start(ctx, k, place, p + 1, 1) ||
	    !encrypt(ctx, len > 0 ? data : "", len, p + 1 + NONCE_SIZE))
		return ossl_error(e, ERR_INTERNAL, "seal");
	strbuf_add(out, sealed, len + OVERHEAD);
	return out->overflow ? err_set(e, ERR_LIMIT, "too long to be sealed") : ERR_OK;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const unsigned char *data, size_t len, char *out)
{
	int n = 0, last = 0;

	return EVP_CipherUpdate(ctx, (unsigned char *)out, &n, data, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)(data + len)) ==
	               1 &&
	       EVP_CipherFinal_ex(ctx, (unsigned char *)out + n, &last) == 1;
}

enum err_code crypt_open(const struct crypt_key *k, const char *place, const void *data, size_t len,
                         struct strbuf *out, struct err *e)
{
	CLEANUP(free_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const unsigned char *p = data;
	char *clear;
	bool good;

	if (len < OVERHEAD || len > INT_MAX || p[0] != SEAL_VERSION)
		return err_set(e, ERR_DENIED, "the sealed value is damaged");
	len -= OVERHEAD;
	clear = xcalloc(1, len + 1);
	good = start(ctx, k, place, p + 1, 0) && decrypt(ctx, p + 1 + NONCE_SIZE, len, clear);
	if (good)
		strbuf_add(out, clear, len);
	crypt_wipe(clear, len);
	free(clear);
	if (!good)
		return ossl_error(e, ERR_DENIED, "the sealed value does not open with this key");
	return ERR_OK;
}
