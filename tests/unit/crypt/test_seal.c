#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "crypt/seal.h"

static const unsigned char bytes_a[32] = { 1, 2, 3 };
static const unsigned char bytes_b[32] = { 1, 2, 4 };

static enum err_code seal(const struct crypt_key *k, const char *place, const char *text,
                          struct strbuf *out)
{
	return crypt_seal(k, place, text, strlen(text), out, NULL);
}

static enum err_code unseal(const struct crypt_key *k, const char *place, const struct strbuf *in,
                            struct strbuf *out)
{
	struct err e = { 0 };

	strbuf_reset(out);
	return crypt_open(k, place, in->data, in->len, out, &e);
}

static void opens_what_it_sealed(void **state)
{
	static const char *const texts[] = { "", "x", "p'a\"s\\s $w \xc3\xbc", "0123456789abcdef" };
	CLEANUP(crypt_key_free) struct crypt_key *k = crypt_key_new(bytes_a);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT, clear = STRBUF_INIT;

		assert_int_equal(seal(k, "t.c.1", texts[i], &sealed), ERR_OK);
		assert_int_equal(sealed.len, strlen(texts[i]) + 29);
		assert_int_equal(unseal(k, "t.c.1", &sealed, &clear), ERR_OK);
		assert_string_equal(strbuf_cstr(&clear), texts[i]);
	}
}

static void the_same_text_is_sealed_differently_each_time(void **state)
{
	CLEANUP(crypt_key_free) struct crypt_key *k = crypt_key_new(bytes_a);
	CLEANUP(strbuf_release) struct strbuf one = STRBUF_INIT, two = STRBUF_INIT;

	assert_int_equal(seal(k, "t.c.1", "secret", &one), ERR_OK);
	assert_int_equal(seal(k, "t.c.1", "secret", &two), ERR_OK);
	assert_int_equal(one.len, two.len);
	assert_memory_not_equal(one.data, two.data, one.len);
	assert_null(memmem(one.data, one.len, "secret", 6));
}

static void refuses_another_place_or_key(void **state)
{
	CLEANUP(crypt_key_free) struct crypt_key *a = crypt_key_new(bytes_a);
	CLEANUP(crypt_key_free) struct crypt_key *b = crypt_key_new(bytes_b);
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT, clear = STRBUF_INIT;

	assert_int_equal(seal(a, "t.c.1", "secret", &sealed), ERR_OK);
	assert_int_equal(unseal(a, "t.c.2", &sealed, &clear), ERR_DENIED);
	assert_int_equal(unseal(a, "t.d.1", &sealed, &clear), ERR_DENIED);
	assert_int_equal(unseal(b, "t.c.1", &sealed, &clear), ERR_DENIED);
	assert_int_equal(clear.len, 0);
}

static void refuses_a_change_of_any_byte(void **state)
{
	CLEANUP(crypt_key_free) struct crypt_key *k = crypt_key_new(bytes_a);
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT, clear = STRBUF_INIT;

	assert_int_equal(seal(k, "t.c.1", "secret", &sealed), ERR_OK);
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		assert_int_equal(unseal(k, "t.c.1", &sealed, &clear), ERR_DENIED);
		sealed.data[i] ^= 1;
	}
	sealed.len = 28;
	assert_int_equal(unseal(k, "t.c.1", &sealed, &clear), ERR_DENIED);
	sealed.len = 0;
	assert_int_equal(unseal(k, "t.c.1", &sealed, &clear), ERR_DENIED);
}

struct place {
	char dir[64], file[96];
};

static int make_dir(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/dev/shm/seal-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	snprintf(p->file, sizeof(p->file), "%s/master.key", p->dir);
	*state = p;
	return 0;
}

static int remove_dir(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->dir);
	free(p);
	return 0;
}

static void makes_the_key_once(void **state)
{
	struct place *p = *state;
	CLEANUP(crypt_key_free) struct crypt_key *first = NULL;
	CLEANUP(crypt_key_free) struct crypt_key *again = NULL;
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT, clear = STRBUF_INIT;
	struct stat st;

	assert_int_equal(crypt_key_load(p->dir, &first, NULL), ERR_OK);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 32);
	assert_int_equal(seal(first, "t.c.1", "secret", &sealed), ERR_OK);
	assert_int_equal(crypt_key_load(p->dir, &again, NULL), ERR_OK);
	assert_int_equal(unseal(again, "t.c.1", &sealed, &clear), ERR_OK);
}

static void refuses_a_key_that_others_may_read(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0644, 0660, 0700 };
	struct place *p = *state;
	CLEANUP(crypt_key_free) struct crypt_key *k = NULL;
	struct err e = { 0 };

	assert_int_equal(fs_write_atomic(p->file, bytes_a, 32, 0600, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(p->file, modes[i]), 0);
		assert_int_equal(crypt_key_load(p->dir, &k, &e), ERR_REFUSED);
		assert_null(k);
		assert_non_null(strstr(e.text, "mode"));
		assert_non_null(strstr(e.hint, "chmod 600"));
	}
}

static void refuses_a_key_of_another_length(void **state)
{
	struct place *p = *state;
	CLEANUP(crypt_key_free) struct crypt_key *k = NULL;
	unsigned char longer[33] = { 0 };
	struct err e = { 0 };

	assert_int_equal(fs_write_atomic(p->file, longer, 31, 0600, NULL), ERR_OK);
	assert_int_equal(crypt_key_load(p->dir, &k, &e), ERR_REFUSED);
	assert_int_equal(fs_write_atomic(p->file, longer, 33, 0600, NULL), ERR_OK);
	assert_int_equal(crypt_key_load(p->dir, &k, &e), ERR_REFUSED);
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(symlink("/dev/zero", p->file), 0);
	assert_int_not_equal(crypt_key_load(p->dir, &k, &e), ERR_OK);
	assert_null(k);
}

static void prefers_a_credential(void **state)
{
	struct place *p = *state;
	CLEANUP(crypt_key_free) struct crypt_key *given = crypt_key_new(bytes_b);
	CLEANUP(crypt_key_free) struct crypt_key *k = NULL;
	CLEANUP(strbuf_release) struct strbuf sealed = STRBUF_INIT, clear = STRBUF_INIT;

	assert_int_equal(fs_write_atomic(p->file, bytes_b, 32, 0440, NULL), ERR_OK);
	setenv("CREDENTIALS_DIRECTORY", p->dir, 1);
	assert_int_equal(crypt_key_load("/nonexistent", &k, NULL), ERR_OK);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(seal(given, "t.c.1", "secret", &sealed), ERR_OK);
	assert_int_equal(unseal(k, "t.c.1", &sealed, &clear), ERR_OK);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(the_same_text_is_sealed_differently_each_time),
		cmocka_unit_test(refuses_another_place_or_key),
		cmocka_unit_test(refuses_a_change_of_any_byte),
		WITH_DIR(makes_the_key_once),
		WITH_DIR(refuses_a_key_that_others_may_read),
		WITH_DIR(refuses_a_key_of_another_length),
		WITH_DIR(prefers_a_credential),
	};

	unsetenv("CREDENTIALS_DIRECTORY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
