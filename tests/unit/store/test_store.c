#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/failpoint.h"

#define READER_UID 65533
#define READER_GID 65532

static void close_and_reopen_keeps_all(void **state)
{
	struct harness *h = *state;
	int64_t job = harness_job(h);
	char id[40];
	struct job j;

	snprintf(id, sizeof(id), "%s", store_controller_id(h->s));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(store_schema(h->s), store_schema_newest());
	store_close(&h->s);
	harness_open(h);
	assert_ok(h, store_job_get(h->s, job, h->a, &j, &h->e));
	assert_string_equal(store_controller_id(h->s), id);
	assert_ok(h, store_check(h->s, &h->e));
}

static enum err_code open_again(struct harness *h, enum store_mode mode)
{
	struct store_options o = harness_options(h, mode);
	CLEANUP(store_close) struct store *s = NULL;

	err_clear(&h->e);
	return store_open(&o, &s, &h->e);
}

static void refuses_a_newer_schema(void **state)
{
	struct harness *h = *state;

	store_close(&h->s);
	harness_sql(h, "PRAGMA user_version = 1000");
	assert_int_equal(open_again(h, STORE_READ_WRITE), ERR_UNSUPPORTED);
	assert_non_null(strstr(h->e.text, "newer version (schema 1000"));
	assert_true(h->e.hint[0] != '\0');
	assert_int_equal(open_again(h, STORE_READ_ONLY), ERR_UNSUPPORTED);
	harness_sql(h, "PRAGMA user_version = 1");
	assert_int_equal(open_again(h, STORE_READ_WRITE), ERR_OK);
}

static void refuses_files_of_other_programs(void **state)
{
	struct harness *h = *state;
	CLEANUP(free_str) char *path = xasprintf("%s/pgtandem.db", h->dir);
	FILE *f;

	store_close(&h->s);
	harness_sql(h, "PRAGMA application_id = 77");
	assert_int_equal(open_again(h, STORE_READ_WRITE), ERR_UNSUPPORTED);
	assert_non_null(strstr(h->e.text, "another program"));
	unlink(path);
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database ", f);
	fclose(f);
	assert_int_equal(open_again(h, STORE_READ_WRITE), ERR_IO);
}

static void a_migration_is_all_or_nothing(void **state)
{
	struct harness *h = *state;

	store_close(&h->s);
	/* the first migration again, over tables that are there: it must fail and change nothing */
	harness_sql(h, "DROP TABLE meta; PRAGMA user_version = 0");
	assert_int_not_equal(open_again(h, STORE_READ_WRITE), ERR_OK);
	assert_non_null(strstr(h->e.text, "migration 1"));
	harness_sql(h, "CREATE TABLE meta (x)"); /* was not left behind by the attempt */
}

static void damaged_measurements_start_anew(void **state)
{
	struct harness *h = *state;
	CLEANUP(free_str) char *path = xasprintf("%s/live.db", h->dir);
	CLEANUP(free_str) char *wal = xasprintf("%s/live.db-wal", h->dir);
	struct node_live n;
	struct live_list l;
	FILE *f;

	node_live_init(&n, 1, 1);
	assert_ok(h, store_live_put(h->s, &n, 1, &h->e));
	store_close(&h->s);
	unlink(wal);
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("broken by a power loss ", f);
	fclose(f);
	harness_open(h);
	assert_ok(h, store_live_list(h->s, h->a, &l, &h->e));
	assert_int_equal(l.count, 0);
	assert_ok(h, store_live_put(h->s, &n, 1, &h->e));
}

static void versions_tell_of_changes(void **state)
{
	struct harness *h = *state;
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	CLEANUP(store_close) struct store *reader = NULL;
	int64_t r1, r2, r3, w1, w2, w3;

	assert_ok(h, store_open(&o, &reader, &h->e));
	assert_ok(h, store_version(reader, &r1, &h->e));
	assert_ok(h, store_version(reader, &r2, &h->e));
	assert_ok(h, store_version(h->s, &w1, &h->e));
	assert_ok(h, store_version(h->s, &w2, &h->e));
	assert_true(r1 == r2 && w1 == w2);
	harness_job(h);
	assert_ok(h, store_version(reader, &r3, &h->e));
	assert_ok(h, store_version(h->s, &w3, &h->e));
	assert_true(r3 != r2 && w3 != w2);
}

static void readers_change_nothing_and_see_no_secret(void **state)
{
	struct harness *h = *state;
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	CLEANUP(store_close) struct store *reader = NULL;
	CLEANUP(json_free) struct json *data = NULL;
	struct job j = { .command = "x" }, got;
	struct node_live n;
	int64_t id = harness_job(h), made;

	o.key = NULL;
	assert_ok(h, store_open(&o, &reader, &h->e));
	assert_ok(h, store_job_get(reader, id, h->a, &got, &h->e));
	assert_int_equal(store_job_data(reader, id, &data, &h->e), ERR_DENIED);
	assert_int_equal(store_job_create(reader, &j, NULL, &made, &h->e), ERR_REFUSED);
	assert_int_equal(store_job_set_state(reader, id, JOB_DEQUEUED, NULL, 0, &h->e),
	                 ERR_REFUSED);
	node_live_init(&n, 1, 1);
	assert_int_equal(store_live_put(reader, &n, 1, &h->e), ERR_REFUSED);
	assert_string_equal(store_controller_id(reader), store_controller_id(h->s));
}

static void a_reader_that_comes_first_is_told_so(void **state)
{
	struct harness *h = *state;
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	CLEANUP(store_close) struct store *s = NULL;

	o.dir = "/dev/shm/store-nonexistent";
	assert_int_equal(store_open(&o, &s, &h->e), ERR_NOT_FOUND);
	assert_null(s);
}

/* Run FN in a child; its result, or 128 + the signal that ended it. */
static int in_child(struct harness *h, int (*fn)(struct harness *h, int fd), int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(h, fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int open_to_write(struct harness *h, int fd)
{
	return open_again(h, STORE_READ_WRITE);
}

static void only_one_process_writes(void **state)
{
	struct harness *h = *state;

	assert_int_equal(in_child(h, open_to_write, -1), ERR_BUSY);
	store_close(&h->s);
	assert_int_equal(in_child(h, open_to_write, -1), ERR_OK);
}

/* <grp.h> has a struct group of its own */
static long set_groups(size_t n, const gid_t *groups)
{
	return syscall(SYS_setgroups, n, groups);
}

static int become_reader(void)
{
	gid_t group = READER_GID;

	return set_groups(1, &group) || setresgid(READER_UID, READER_UID, READER_UID) ||
	       setresuid(READER_UID, READER_UID, READER_UID);
}

/* As another user: until the writer has made 50 jobs, never a gap, never an error. */
static int watch_as_reader(struct harness *h, int fd)
{
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	struct store *s = NULL;
	struct job_list l = { 0 };
	char byte = 'r';

	o.key = NULL;
	if (become_reader() || store_open(&o, &s, &h->e) != ERR_OK || write(fd, &byte, 1) != 1)
		return 10;
	while (l.total < 50) {
		if (store_job_list(s, &(struct job_filter){ 0 }, h->a, &l, &h->e) != ERR_OK)
			return 11;
		if (l.count > 0 && l.items[0].id != (int64_t)l.count)
			return 12;
	}
	store_close(&s);
	return 0;
}

static int write_fifty(struct harness *h)
{
	struct job j = { .command = "x" };
	int64_t id;

	for (int i = 0; i < 50; i++) {
		if (store_job_create(h->s, &j, NULL, &id, &h->e) != ERR_OK)
			return 20;
		if (i % 10 == 5)
			usleep(3000);
	}
	return 0;
}

static void open_for_group(struct harness *h)
{
	struct store_options o = harness_options(h, STORE_READ_WRITE);

	o.group = READER_GID;
	assert_ok(h, store_open(&o, &h->s, &h->e));
}

static void another_user_reads_while_we_write(void **state)
{
	struct harness *h = *state;
	int fds[2], status;
	struct stat st;
	char byte;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	store_close(&h->s);
	open_for_group(h);
	assert_int_equal(stat(h->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		_exit(watch_as_reader(h, fds[1]));
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(write_fifty(h), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
}

static int read_as_reader(struct harness *h, int fd)
{
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	struct store *s = NULL;
	struct live_list live;
	struct job j;

	o.key = NULL;
	if (become_reader() || store_open(&o, &s, &h->e) != ERR_OK)
		return 10;
	if (store_job_get(s, 1, h->a, &j, &h->e) != ERR_OK)
		return 11;
	if (store_live_list(s, h->a, &live, &h->e) != ERR_OK || live.count != 1)
		return 12;
	store_close(&s);
	return 0;
}

static int die_after_a_job(struct harness *h, int fd)
{
	struct node_live n;

	node_live_init(&n, 1, 1);
	open_for_group(h);
	harness_job(h);
	assert_ok(h, store_live_put(h->s, &n, 1, &h->e));
	raise(SIGKILL);
	return 1;
}

static void another_user_reads_when_no_writer_is_there(void **state)
{
	struct harness *h = *state;

	if (geteuid() != 0)
		skip();
	store_close(&h->s);
	assert_int_equal(in_child(h, die_after_a_job, -1), 128 + SIGKILL);
	assert_int_equal(in_child(h, read_as_reader, -1), 0);
	open_for_group(h);
	store_close(&h->s);
	assert_int_equal(in_child(h, read_as_reader, -1), 0);
}

static int strangers_eyes(struct harness *h, int fd)
{
	struct store_options o = harness_options(h, STORE_READ_ONLY);
	struct store *s = NULL;

	if (set_groups(0, NULL) || setresgid(READER_UID, READER_UID, READER_UID) ||
	    setresuid(READER_UID, READER_UID, READER_UID))
		return 10;
	return store_open(&o, &s, &h->e) == ERR_OK ? 11 : 0;
}

static void strangers_read_nothing(void **state)
{
	struct harness *h = *state;

	if (geteuid() != 0)
		skip();
	store_close(&h->s);
	open_for_group(h);
	assert_int_equal(in_child(h, strangers_eyes, -1), 0);
}

/* Tells each job that store_job_create() has answered for. */
static int create_until_killed(struct harness *h, int fd)
{
	struct job j = { .command = "x" };
	int64_t id;

	failpoint_init();
	harness_open(h);
	for (;;) {
		if (store_job_create(h->s, &j, NULL, &id, &h->e) != ERR_OK ||
		    write(fd, &id, sizeof(id)) != sizeof(id))
			return 20;
	}
}

static void killed_writers_lose_nothing_they_answered_for(void **state)
{
	static const struct {
		const char *failpoint;
		int answered, stored;
	} cases[] = {
		{ "store.commit.before=kill@1", 0, 0 },
		{ "store.commit.after=kill@1", 0, 1 },
		{ "store.commit.before=kill@6", 5, 5 },
		{ "store.commit.after=kill@6", 5, 6 },
	};
	struct harness *h = *state;

	store_close(&h->s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct job_list l;
		int64_t ids[64];
		int fds[2];

		harness_sql(h, "DELETE FROM jobs");
		assert_int_equal(pipe(fds), 0);
		setenv("PGTANDEM_FAILPOINTS", cases[i].failpoint, 1);
		assert_int_equal(in_child(h, create_until_killed, fds[1]), 128 + SIGKILL);
		unsetenv("PGTANDEM_FAILPOINTS");
		close(fds[1]);
		assert_int_equal(read(fds[0], ids, sizeof(ids)),
		                 cases[i].answered * sizeof(ids[0]));
		close(fds[0]);
		harness_open(h);
		assert_ok(h, store_check(h->s, &h->e));
		assert_ok(h, store_job_list(h->s, &(struct job_filter){ .oldest_first = true },
		                            h->a, &l, &h->e));
		assert_int_equal(l.total, cases[i].stored);
		for (int k = 0; k < cases[i].answered; k++)
			assert_int_equal(l.items[k].id, ids[k]);
		store_close(&h->s);
	}
}

/* A limit on the size of files does what a full disk does. */
static int write_on_a_full_disk(struct harness *h, int fd)
{
	CLEANUP(free_str) char *wal = xasprintf("%s/pgtandem.db-wal", h->dir);
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct audit row = { .action = "x" };
	struct rlimit before, full;
	struct stat st;
	struct job j = { .command = "x" };
	struct store_tx tx = { 0 };
	int64_t id;

	sigaction(SIGXFSZ, &ignore, NULL);
	harness_open(h);
	harness_job(h);
	if (stat(wal, &st) || getrlimit(RLIMIT_FSIZE, &before))
		return 30;
	full = (struct rlimit){ .rlim_cur = (rlim_t)st.st_size, .rlim_max = before.rlim_max };
	if (setrlimit(RLIMIT_FSIZE, &full) || store_tx_begin(h->s, &tx, &h->e) != ERR_OK)
		return 31;
	if (store_job_create(h->s, &j, NULL, &id, &h->e) != ERR_OK ||
	    store_audit_add(h->s, &row, &h->e) != ERR_OK)
		return 32;
	if (store_tx_commit(&tx, &h->e) != ERR_IO)
		return 33;
	store_tx_end(&tx);
	if (setrlimit(RLIMIT_FSIZE, &before) || store_check(h->s, &h->e) != ERR_OK)
		return 34;
	harness_job(h);
	store_close(&h->s);
	return 0;
}

static void a_full_disk_leaves_nothing_half_done(void **state)
{
	struct harness *h = *state;
	struct audit_list audit;
	struct job_list jobs;

	store_close(&h->s);
	assert_int_equal(in_child(h, write_on_a_full_disk, -1), 0);
	harness_open(h);
	assert_ok(h, store_job_list(h->s, &(struct job_filter){ 0 }, h->a, &jobs, &h->e));
	assert_int_equal(jobs.total, 2);
	assert_ok(h, store_audit_list(h->s, 0, 0, h->a, &audit, &h->e));
	assert_int_equal(audit.total, 0);
}

static void transactions_must_be_nested(void **state)
{
	struct harness *h = *state;
	struct store_tx outer = { 0 }, inner = { 0 };
	struct job j;
	int64_t id;

	assert_ok(h, store_tx_begin(h->s, &outer, &h->e));
	assert_ok(h, store_tx_begin(h->s, &inner, &h->e));
	id = harness_job(h);
	assert_int_equal(store_tx_commit(&outer, &h->e), ERR_INTERNAL);
	store_tx_rollback(&inner);
	store_tx_rollback(&inner);
	assert_int_equal(store_job_get(h->s, id, h->a, &j, &h->e), ERR_NOT_FOUND);
	id = harness_job(h);
	assert_ok(h, store_tx_begin(h->s, &inner, &h->e));
	store_tx_rollback(&outer); /* takes the inner one with it */
	assert_int_equal(store_job_get(h->s, id, h->a, &j, &h->e), ERR_NOT_FOUND);
	id = harness_job(h);
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(close_and_reopen_keeps_all),
		WITH_STORE(refuses_a_newer_schema),
		WITH_STORE(refuses_files_of_other_programs),
		WITH_STORE(a_migration_is_all_or_nothing),
		WITH_STORE(damaged_measurements_start_anew),
		WITH_STORE(versions_tell_of_changes),
		WITH_STORE(readers_change_nothing_and_see_no_secret),
		WITH_STORE(a_reader_that_comes_first_is_told_so),
		WITH_STORE(only_one_process_writes),
		WITH_STORE(another_user_reads_while_we_write),
		WITH_STORE(another_user_reads_when_no_writer_is_there),
		WITH_STORE(strangers_read_nothing),
		WITH_STORE(killed_writers_lose_nothing_they_answered_for),
		WITH_STORE(a_full_disk_leaves_nothing_half_done),
		WITH_STORE(transactions_must_be_nested),
	};

	unsetenv("PGTANDEM_FAILPOINTS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
