/* strbuf, arena and mem: what owns bytes. */
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/strbuf.h"

static void strbuf_grows_and_stays_terminated(UNUSED_STATE)
{
	struct strbuf b = STRBUF_INIT;
	int i;

	assert_string_equal(strbuf_cstr(&b), "");
	for (i = 0; i < 1000; i++)
		strbuf_addf(&b, "%04d", i);
	assert_int_equal(b.len, 4000);
	assert_int_equal(strlen(strbuf_cstr(&b)), 4000);
	assert_memory_equal(b.data + 3996, "0999", 4);
	strbuf_release(&b);
}

static void strbuf_keeps_its_limit(UNUSED_STATE)
{
	struct strbuf b;

	strbuf_init(&b, 5);
	strbuf_adds(&b, "abc");
	assert_false(b.overflow);
	strbuf_adds(&b, "defg");
	assert_true(b.overflow);
	assert_string_equal(strbuf_cstr(&b), "abcde");
	strbuf_addc(&b, 'x');
	assert_string_equal(strbuf_cstr(&b), "abcde");
	strbuf_reset(&b);
	assert_false(b.overflow);
	assert_int_equal(b.max, 5);
	strbuf_release(&b);
	assert_int_equal(b.max, 5);
}

static void strbuf_consumes_from_the_front(UNUSED_STATE)
{
	struct strbuf b = STRBUF_INIT;

	strbuf_consume(&b, 3);
	strbuf_adds(&b, "hello world");
	strbuf_consume(&b, 6);
	assert_string_equal(strbuf_cstr(&b), "world");
	strbuf_consume(&b, 100);
	assert_string_equal(strbuf_cstr(&b), "");
	strbuf_release_secret(&b);
}

static void strbuf_formats_long_text(UNUSED_STATE)
{
	CLEANUP(free_str) char *taken = NULL;
	struct strbuf b = STRBUF_INIT;
	char big[1000];

	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	strbuf_addf(&b, "<%s>", big);
	taken = strbuf_take(&b);
	assert_int_equal(strlen(taken), 1001);
	assert_int_equal(b.len, 0);
	free_str(&taken);
	taken = strbuf_take(&b);
	assert_string_equal(taken, "");
}

static void arena_gives_zeroed_aligned_memory(UNUSED_STATE)
{
	struct arena *a = arena_new();
	unsigned char *p;
	size_t size, i;

	for (size = 1; size < 30000; size = size * 3 + 1) {
		p = arena_alloc(a, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

static void arena_copies_text(UNUSED_STATE)
{
	struct arena *a = arena_new();

	assert_null(arena_strdup(a, NULL));
	assert_null(arena_strndup(a, NULL, 3));
	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_string_equal(arena_strndup(a, "abcdef", 2), "ab");
	assert_string_equal(arena_strndup(a, "ab", 20), "ab");
	assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
	assert_non_null(ARENA_NEWN(a, 10, int));
	arena_free(&a);
}

static void heap_helpers_take_null_and_cut(UNUSED_STATE)
{
	CLEANUP(free_str) char *a = xstrndup("abcdef", 3);
	CLEANUP(free_str) char *b = xasprintf("%d/%s", 1, "x");
	CLEANUP(free_secret) char *none = NULL;
	int fd = -1;

	assert_null(xstrdup(NULL));
	assert_string_equal(a, "abc");
	assert_string_equal(b, "1/x");
	close_fd(&fd);
	assert_int_equal(fd, -1);
	free_secret(&none);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_grows_and_stays_terminated),
		cmocka_unit_test(strbuf_keeps_its_limit),
		cmocka_unit_test(strbuf_consumes_from_the_front),
		cmocka_unit_test(strbuf_formats_long_text),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_copies_text),
		cmocka_unit_test(heap_helpers_take_null_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
