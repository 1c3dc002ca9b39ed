#include "base/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"
#include "base/mem.h"

#define DIR_TEMPLATE "/dev/shm/test_fs.XXXXXX"

static char dir[sizeof(DIR_TEMPLATE)];

static int make_dir(UNUSED_STATE)
{
	memcpy(dir, DIR_TEMPLATE, sizeof(dir));
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(UNUSED_STATE)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/f", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/a/b", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/a", dir);
	rmdir(path);
	/* Fails when a temporary file was left behind. */
	return rmdir(dir);
}

static void replaces_a_file_with_mode_and_content(UNUSED_STATE)
{
	CLEANUP(free_str) char *path = xasprintf("%s/f", dir);
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };
	struct stat st;

	assert_int_equal(fs_write_atomic(path, "old", 3, 0644, &e), ERR_OK);
	assert_int_equal(fs_write_atomic(path, "a\0b", 3, 0640, &e), ERR_OK);
	assert_int_equal(fs_read(path, 3, &out, &e), ERR_OK);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "a\0b", 3);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	strbuf_release(&out);
}

static void refuses_files_over_the_limit(UNUSED_STATE)
{
	CLEANUP(free_str) char *path = xasprintf("%s/f", dir);
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	strbuf_adds(&out, "kept");
	assert_int_equal(fs_write_atomic(path, "12345", 5, 0600, &e), ERR_OK);
	assert_int_equal(fs_read(path, 4, &out, &e), ERR_LIMIT);
	assert_string_equal(strbuf_cstr(&out), "kept");
	strbuf_release(&out);
}

static void names_what_is_missing(UNUSED_STATE)
{
	CLEANUP(free_str) char *path = xasprintf("%s/none/f", dir);
	struct strbuf out = STRBUF_INIT;
	struct err e = { 0 };

	assert_int_equal(fs_read(path, 10, &out, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(fs_write_atomic(path, "x", 1, 0600, &e), ERR_NOT_FOUND);
	assert_false(fs_exists(path));
}

static void makes_folders_once_or_again(UNUSED_STATE)
{
	CLEANUP(free_str) char *path = xasprintf("%s/a/b", dir);
	CLEANUP(free_str) char *file = xasprintf("%s/f", dir);
	CLEANUP(free_str) char *below = xasprintf("%s/f/c", dir);
	struct err e = { 0 };

	assert_int_equal(fs_mkdirs(path, 0700, &e), ERR_OK);
	assert_int_equal(fs_mkdirs(path, 0700, &e), ERR_OK);
	assert_true(fs_exists(path));
	assert_int_equal(fs_write_atomic(file, "x", 1, 0600, &e), ERR_OK);
	assert_int_not_equal(fs_mkdirs(below, 0700, &e), ERR_OK);
	assert_int_not_equal(fs_mkdirs("", 0700, &e), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replaces_a_file_with_mode_and_content, make_dir,
		                                remove_dir),
		cmocka_unit_test_setup_teardown(refuses_files_over_the_limit, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(names_what_is_missing, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(makes_folders_once_or_again, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
