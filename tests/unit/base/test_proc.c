#include "base/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define SH(text) ((const char *const[]){ "sh", "-c", text, NULL })

static void collects_output_and_status(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("cat; echo bad >&2; exit 7"),
		              .input = "in",
		              .input_len = 2 };
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_true(p.started);
	assert_int_equal(p.exit_status, 7);
	assert_string_equal(strbuf_cstr(&p.out), "in");
	assert_string_equal(strbuf_cstr(&p.err), "bad\n");
	proc_run_release(&p);
}

static void moves_much_input_and_output(UNUSED_STATE)
{
	size_t len = 3u << 20;
	char *big = xcalloc(len, 1);
	struct proc_run p = { .argv = SH("cat"), .input = big, .input_len = len };
	struct err e = { 0 };

	memset(big, 'x', len);
	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_int_equal(p.out.len, len);
	proc_run_release(&p);
	free(big);
}

static void survives_a_child_that_does_not_read(UNUSED_STATE)
{
	size_t len = 1u << 20;
	char *big = xcalloc(len, 1);
	struct proc_run p = { .argv = SH("exec 0<&-; echo ok"), .input = big, .input_len = len };
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_int_equal(p.exit_status, 0);
	assert_string_equal(strbuf_cstr(&p.out), "ok\n");
	proc_run_release(&p);
	free(big);
}

static void keeps_the_last_of_much_stderr_and_the_first_of_stdout(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("seq 1 20000 >&2; seq 1 20000"), .output_max = 4 };
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_int_equal(p.err.len, 16 << 10);
	assert_true(str_ends(strbuf_cstr(&p.err), "\n20000\n"));
	assert_string_equal(strbuf_cstr(&p.out), "1\n2\n");
	assert_true(p.out.overflow);
	proc_run_release(&p);
}

struct lines {
	char text[256];
	size_t longest, count;
};

static void take_line(void *ctx, const char *line)
{
	struct lines *l = ctx;
	size_t used = strlen(l->text);

	l->count++;
	if (strlen(line) > l->longest)
		l->longest = strlen(line);
	snprintf(l->text + used, sizeof(l->text) - used, "<%.20s>", line);
}

static void gives_lines_as_they_come(UNUSED_STATE)
{
	struct lines l = { 0 };
	struct proc_run p = {
		.argv = SH("printf 'a\\n\\nb'; printf c; printf 'x\\000y' >&2"),
		.on_out_line = take_line,
		.on_err_line = take_line,
		.ctx = &l,
	};
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_non_null(strstr(l.text, "<a><>"));
	assert_non_null(strstr(l.text, "<bc>"));
	assert_non_null(strstr(l.text, "<x y>"));
	assert_int_equal(l.count, 4);
	proc_run_release(&p);
}

static void cuts_endless_lines(UNUSED_STATE)
{
	struct lines l = { 0 };
	struct proc_run p = {
		.argv = SH("head -c 200000 /dev/zero | tr '\\0' x; echo; echo end"),
		.on_out_line = take_line,
		.ctx = &l,
	};
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_int_equal(l.longest, 64 << 10);
	assert_int_equal(l.count, 2);
	assert_true(str_ends(l.text, "<end>"));
	proc_run_release(&p);
}

static void ends_what_takes_too_long(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("exec sleep 60"), .timeout_ms = 100 };
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_true(p.timed_out);
	assert_int_equal(p.exit_status, 128 + SIGTERM);
	proc_run_release(&p);
}

static void kills_what_does_not_heed_term(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("trap '' TERM; while :; do sleep 0.1; done"),
		              .timeout_ms = 100 };
	struct err e = { 0 };

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_true(p.timed_out);
	assert_int_equal(p.exit_status, 128 + SIGKILL);
	proc_run_release(&p);
}

static void does_not_wait_for_background_processes(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("sleep 5 & echo done") };
	struct err e = { 0 };
	int64_t start = clock_mono_ms();

	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_string_equal(strbuf_cstr(&p.out), "done\n");
	assert_true(clock_mono_ms() - start < 4000);
	proc_run_release(&p);
}

struct crowd {
	int now, most;
};

static void count_crowd(void *ctx, const char *line)
{
	struct crowd *c = ctx;

	c->now += str_eq(line, "+") ? 1 : -1;
	if (c->now > c->most)
		c->most = c->now;
}

static void runs_side_by_side_within_the_limit(UNUSED_STATE)
{
	static const char *const argv[] = { "sh", "-c", "echo +; sleep 0.3; echo -; exit 3", NULL };
	struct proc_run p[6] = { 0 };
	struct crowd crowd = { 0 };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = (struct proc_run){ .argv = argv, .on_out_line = count_crowd, .ctx = &crowd };
	assert_int_equal(proc_run_all(p, ARRAY_SIZE(p), 2, &e), ERR_OK);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		assert_int_equal(p[i].exit_status, 3);
		proc_run_release(&p[i]);
	}
	assert_int_equal(crowd.now, 0);
	assert_int_equal(crowd.most, 2);
}

static void names_the_program_that_is_missing(UNUSED_STATE)
{
	struct proc_run p[2] = {
		{ .argv = (const char *const[]){ "no-such-program", NULL } },
		{ .argv = SH("echo ran") },
	};
	struct err e = { 0 };

	assert_int_equal(proc_run_all(p, 2, 0, &e), ERR_IO);
	assert_non_null(strstr(e.text, "\"no-such-program\""));
	assert_non_null(strstr(e.text, "No such file"));
	assert_false(p[0].started);
	assert_string_equal(strbuf_cstr(&p[1].out), "ran\n");
	proc_run_release(&p[0]);
	proc_run_release(&p[1]);
}

static volatile sig_atomic_t cancelled;

static void on_alarm(int sig)
{
	cancelled = sig;
}

static void stops_when_cancelled(UNUSED_STATE)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct proc_run p[2] = { { .argv = SH("exec sleep 60") }, { .argv = SH("echo later") } };
	struct err e = { 0 };

	sigaction(SIGALRM, &sa, NULL);
	cancelled = 0;
	proc_set_cancel_flag(&cancelled);
	ualarm(100000, 0);
	assert_int_equal(proc_run_all(p, 2, 1, &e), ERR_CANCELLED);
	proc_set_cancel_flag(NULL);
	assert_int_equal(p[0].exit_status, 128 + SIGTERM);
	assert_false(p[1].started);
	proc_run_release(&p[0]);
	proc_run_release(&p[1]);
}

static void children_have_only_named_descriptors(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("exec ls /proc/self/fd") };
	int leaked = open("/dev/null", O_RDONLY);
	struct err e = { 0 };

	assert_true(dup2(leaked, 50) == 50);
	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	/* 3 is the folder that ls itself reads. */
	assert_string_equal(strbuf_cstr(&p.out), "0\n1\n2\n3\n");
	proc_run_release(&p);
	close(leaked);
	close(50);
}

static void children_have_default_signals_and_no_mask(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("exec sed -n '/^Sig[BIC]/s/^.*:.//p' /proc/self/status") };
	struct sigaction ign = { .sa_handler = SIG_IGN }, old[2];
	/* Signals 32 and 33 are the C library's own: who started us may have ignored them. */
	const unsigned long long c_library = 3ull << 31;
	unsigned long long line;
	int i;
	struct err e = { 0 };
	sigset_t set, mask;

	sigaction(SIGPIPE, &ign, &old[0]);
	sigaction(SIGHUP, &ign, &old[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &mask);
	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGPIPE, &old[0], NULL);
	sigaction(SIGHUP, &old[1], NULL);
	for (i = 0; i < 3; i++) {
		line = strtoull(strbuf_cstr(&p.out) + 17 * i, NULL, 16);
		assert_true((line & ~c_library) == 0);
	}
	assert_int_equal(p.out.len, 3 * 17);
	proc_run_release(&p);
}

static void children_do_not_inherit_secrets(UNUSED_STATE)
{
	struct proc_run p = { .argv = SH("env") };
	struct err e = { 0 };

	putenv((char *)"PGPASSWORD=hunter2");
	putenv((char *)"some_api_token=hunter3");
	putenv((char *)"PLAIN_SETTING=visible");
	assert_int_equal(proc_run_one(&p, &e), ERR_OK);
	assert_null(strstr(strbuf_cstr(&p.out), "hunter"));
	assert_non_null(strstr(strbuf_cstr(&p.out), "PLAIN_SETTING=visible"));
	proc_run_release(&p);
	unsetenv("PGPASSWORD");
	unsetenv("some_api_token");
}

static void spawn_passes_descriptor_three(UNUSED_STATE)
{
	struct proc_spawn s = {
		.argv = SH("test \"$(cut -d ' ' -f 5 /proc/$$/stat)\" -eq $$ && echo hello >&3"),
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.new_group = true,
	};
	struct err e = { 0 };
	char got[8] = "";
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	s.pass_fd = fds[1];
	assert_int_equal(proc_spawn(&s, &pid, &e), ERR_OK);
	close(fds[1]);
	assert_int_equal(read(fds[0], got, sizeof(got) - 1), 6);
	close(fds[0]);
	assert_string_equal(got, "hello\n");
	assert_int_equal(proc_reap(pid, true), 0);
}

static void spawn_refuses_unknown_users_and_programs(UNUSED_STATE)
{
	struct proc_spawn s = { .argv = SH("exit 0"),
		                .stdin_fd = -1,
		                .stdout_fd = -1,
		                .stderr_fd = -1,
		                .pass_fd = -1,
		                .user = "no-such-user" };
	struct err e = { 0 };
	pid_t pid;

	assert_int_equal(proc_spawn(&s, &pid, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such-user"));
	s.user = NULL;
	s.argv = (const char *const[]){ "/no/such", NULL };
	assert_int_equal(proc_spawn(&s, &pid, &e), ERR_IO);
}

static void spawn_switches_the_user_and_still_dies_with_us(UNUSED_STATE)
{
	struct proc_spawn s = { .argv = SH("id -u -n >&3; grep -E '^Groups' /proc/self/status >&3"),
		                .stdin_fd = -1,
		                .stdout_fd = -1,
		                .stderr_fd = -1,
		                .user = "nobody" };
	struct err e = { 0 };
	char got[64] = "";
	size_t used = 0;
	ssize_t n;
	int fds[2];
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(fds), 0);
	s.pass_fd = fds[1];
	assert_int_equal(proc_spawn(&s, &pid, &e), ERR_OK);
	close(fds[1]);
	while ((n = read(fds[0], got + used, sizeof(got) - 1 - used)) > 0)
		used += (size_t)n;
	close(fds[0]);
	assert_true(str_starts(got, "nobody\nGroups:\t65534 \n"));
	assert_int_equal(proc_reap(pid, true), 0);
}

static int spawn_sleeper_and_die(void *ctx)
{
	int *fds = ctx;
	struct proc_spawn s = { .argv = SH("echo up >&3; exec sleep 60"),
		                .stdin_fd = -1,
		                .stdout_fd = -1,
		                .stderr_fd = -1,
		                .pass_fd = fds[1] };
	struct err e = { 0 };
	pid_t pid;

	if (geteuid() == 0)
		s.user = "nobody";
	close(fds[0]);
	if (proc_spawn(&s, &pid, &e) != ERR_OK)
		return 1;
	raise(SIGKILL);
	return 2;
}

static void children_die_with_their_parent(UNUSED_STATE)
{
	struct err e = { 0 };
	char text[8];
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(proc_fork(spawn_sleeper_and_die, fds, false, &pid, &e), ERR_OK);
	close(fds[1]);
	assert_int_equal(proc_reap(pid, true), 128 + SIGKILL);
	/* The end of the pipe comes when the sleeper is gone, long before its minute is over. */
	alarm(20);
	while (read(fds[0], text, sizeof(text)) > 0)
		;
	alarm(0);
	close(fds[0]);
}

static int exit_with_nine(void *ctx)
{
	return *(int *)ctx + 2;
}

static int wait_for_ever(UNUSED void *ctx)
{
	while (pause() < 0)
		;
	return 0;
}

static void forked_functions_give_their_result(UNUSED_STATE)
{
	struct err e = { 0 };
	int seven = 7;
	pid_t pid;

	assert_int_equal(proc_fork(exit_with_nine, &seven, false, &pid, &e), ERR_OK);
	assert_int_equal(proc_reap(pid, true), 9);
	assert_int_equal(proc_fork(wait_for_ever, NULL, true, &pid, &e), ERR_OK);
	assert_int_equal(proc_reap(pid, false), -1);
	proc_kill(pid, SIGTERM, true);
	assert_int_equal(proc_reap(pid, true), 128 + SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collects_output_and_status),
		cmocka_unit_test(moves_much_input_and_output),
		cmocka_unit_test(survives_a_child_that_does_not_read),
		cmocka_unit_test(keeps_the_last_of_much_stderr_and_the_first_of_stdout),
		cmocka_unit_test(gives_lines_as_they_come),
		cmocka_unit_test(cuts_endless_lines),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(kills_what_does_not_heed_term),
		cmocka_unit_test(does_not_wait_for_background_processes),
		cmocka_unit_test(runs_side_by_side_within_the_limit),
		cmocka_unit_test(names_the_program_that_is_missing),
		cmocka_unit_test(stops_when_cancelled),
		cmocka_unit_test(children_have_only_named_descriptors),
		cmocka_unit_test(children_have_default_signals_and_no_mask),
		cmocka_unit_test(children_do_not_inherit_secrets),
		cmocka_unit_test(spawn_passes_descriptor_three),
		cmocka_unit_test(spawn_refuses_unknown_users_and_programs),
		cmocka_unit_test(spawn_switches_the_user_and_still_dies_with_us),
		cmocka_unit_test(children_die_with_their_parent),
		cmocka_unit_test(forked_functions_give_their_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
