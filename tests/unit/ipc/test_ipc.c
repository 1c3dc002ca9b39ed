#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "ipc/ipc.h"

struct pair {
	struct ipc_conn *a, *b;
};

static struct pair pair_new(void)
{
	int fds[2];

	assert_int_equal(ipc_pair(fds, NULL), ERR_OK);
	return (struct pair){ ipc_new(fds[0]), ipc_new(fds[1]) };
}

static void pair_free(struct pair *p)
{
	ipc_free(&p->a);
	ipc_free(&p->b);
}

static struct json *args_new(const char *key, const char *value)
{
	struct json *j = json_object_new();

	json_set_str(j, key, value);
	return j;
}

static void sends_calls_notes_and_answers(void **state)
{
	struct pair p = pair_new();
	struct ipc_msg m;
	struct err e = { 0 };

	assert_int_equal(ipc_post_note(p.a, "log", args_new("text", "hello"), &e), ERR_OK);
	assert_int_equal(ipc_read(p.b, &e), ERR_OK);
	assert_int_equal(ipc_next(p.b, &m, &e), ERR_OK);
	assert_string_equal(m.call, "log");
	assert_int_equal(m.id, 0);
	assert_string_equal(json_get_str(m.args, "text"), "hello");
	ipc_msg_release(&m);
	assert_int_equal(ipc_next(p.b, &m, &e), ERR_OK);
	assert_null(m.frame);
	pair_free(&p);
}

static void waits_for_the_rest_when_cut_at_every_byte(void **state)
{
	struct json *j = json_object_new();
	char *bytes;
	size_t len;

	json_set_str(j, "call", "step.begin");
	json_set_int(j, "id", 7);
	assert_int_equal(ipc_frame_bytes(j, &bytes, &len, NULL), ERR_OK);
	for (size_t cut = 0; cut <= len; cut++) {
		int fds[2];
		struct ipc_conn *c;
		struct ipc_msg m;

		assert_int_equal(ipc_pair(fds, NULL), ERR_OK);
		c = ipc_new(fds[0]);
		assert_true(cut == 0 || fd_write_all(fds[1], bytes, cut));
		assert_int_equal(ipc_read(c, NULL), ERR_OK);
		assert_int_equal(ipc_next(c, &m, NULL), ERR_OK);
		assert_int_equal(m.frame != NULL, cut == len);
		ipc_msg_release(&m);
		assert_true(cut == len || fd_write_all(fds[1], bytes + cut, len - cut));
		assert_true(fd_write_all(fds[1], bytes, len));
		assert_int_equal(ipc_read(c, NULL), ERR_OK);
		assert_int_equal(ipc_next(c, &m, NULL), ERR_OK);
		assert_int_equal(m.id, 7);
		ipc_msg_release(&m);
		ipc_free(&c);
		close(fds[1]);
	}
	free(bytes);
	json_free(&j);
}

static void ends_when_closed_within_a_frame_at_every_byte(void **state)
{
	struct json *j = args_new("call", "progress");
	char *bytes;
	size_t len;

	assert_int_equal(ipc_frame_bytes(j, &bytes, &len, NULL), ERR_OK);
	for (size_t cut = 0; cut < len; cut++) {
		struct ipc_conn *c;
		struct err e = { 0 };
		int fds[2];

		assert_int_equal(ipc_pair(fds, NULL), ERR_OK);
		c = ipc_new(fds[0]);
		assert_true(cut == 0 || fd_write_all(fds[1], bytes, cut));
		close(fds[1]);
		assert_int_equal(ipc_read(c, &e), ERR_IO);
		assert_string_equal(e.text,
		                    cut ? "connection closed within a frame" : "connection closed");
		ipc_free(&c);
	}
	free(bytes);
	json_free(&j);
}

struct garbage {
	const char *what, *bytes;
	size_t len;
	enum err_code want;
};

static void count_msg(void *ctx, struct ipc_conn *c, const struct ipc_msg *m)
{
	++*(int *)ctx;
}

static void refuses_what_is_no_frame(void **state)
{
	static const struct garbage rows[] = {
		{ "text", "Warning: something", 18, ERR_LIMIT },
		{ "5 MiB", "\0\x50\0\0{}", 6, ERR_LIMIT },
		{ "no JSON", "\0\0\0\3abc", 7, ERR_PARSE },
		{ "empty", "\0\0\0\0", 4, ERR_PARSE },
		{ "array", "\0\0\0\2[]", 6, ERR_PARSE },
		{ "nothing in it", "\0\0\0\2{}", 6, ERR_PARSE },
		{ "negative id", "\0\0\0\x11{\"id\":-1,\"call\":1}", 21, ERR_PARSE },
		{ "JSON with NUL", "\0\0\0\4{\0\0}", 8, ERR_PARSE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipc_conn *c;
		struct err e = { 0 };
		int fds[2], seen = 0;

		assert_int_equal(ipc_pair(fds, NULL), ERR_OK);
		c = ipc_new(fds[0]);
		assert_true(fd_write_all(fds[1], rows[i].bytes, rows[i].len));
		assert_int_equal(ipc_serve(c, count_msg, &seen, &e), rows[i].want);
		assert_int_equal(seen, 0);
		assert_true(e.text[0] != '\0');
		ipc_free(&c);
		close(fds[1]);
	}
}

static void refuses_a_frame_over_the_limit_and_stays_usable(void **state)
{
	struct pair p = pair_new();
	struct err e = { 0 };
	char *big = xcalloc(1, IPC_FRAME_MAX + 1);
	int seen = 0;

	memset(big, 'x', IPC_FRAME_MAX);
	assert_int_equal(ipc_post_note(p.a, "log", args_new("text", big), &e), ERR_LIMIT);
	assert_int_equal(ipc_post_note(p.a, "log", NULL, &e), ERR_OK);
	assert_int_equal(ipc_serve(p.b, count_msg, &seen, &e), ERR_OK);
	assert_int_equal(seen, 1);
	free(big);
	pair_free(&p);
}

static void refuses_more_than_the_queue_holds(void **state)
{
	struct pair p = pair_new();
	struct err e = { 0 };
	char *big = xcalloc(1, (3u << 20) + 1);
	int posted = 0, seen = 0;

	memset(big, 'x', 3u << 20);
	while (posted < 20 && ipc_post_note(p.a, "log", args_new("text", big), &e) == ERR_OK)
		posted++;
	assert_int_equal(e.code, ERR_LIMIT);
	assert_in_range(posted, 5, 6);
	assert_true(ipc_wants_write(p.a));
	while (seen < posted) {
		assert_int_equal(ipc_write(p.a, &e), ERR_OK);
		assert_int_equal(ipc_serve(p.b, count_msg, &seen, &e), ERR_OK);
	}
	assert_false(ipc_wants_write(p.a));
	free(big);
	pair_free(&p);
}

/* ---- requests with callbacks ---- */

struct got {
	int count;
	enum err_code code;
	char text[64], hint[64];
	int64_t value;
};

static void keep(void *ctx, const struct err *failure, const struct json *result)
{
	struct got *g = ctx;

	g->count++;
	g->code = failure->code;
	snprintf(g->text, sizeof(g->text), "%s", failure->text);
	snprintf(g->hint, sizeof(g->hint), "%s", failure->hint);
	g->value = json_get_int(result, "value", -1);
}

static void reply(void *ctx, struct ipc_conn *c, const struct ipc_msg *m)
{
	struct json *result = json_object_new();
	struct err failure = { 0 };

	json_set_int(result, "value", json_get_int(m->args, "value", 0) * 2);
	if (strcmp(m->call, "double") == 0) {
		assert_int_equal(ipc_post_result(c, m->id, result, NULL), ERR_OK);
		return;
	}
	err_set(&failure, ERR_NOT_FOUND, "there is no such call");
	err_hint(&failure, "read the manual");
	assert_int_equal(ipc_post_error(c, m->id, &failure, result, NULL), ERR_OK);
}

static struct json *value_args(int64_t v)
{
	struct json *j = json_object_new();

	json_set_int(j, "value", v);
	return j;
}

static void brings_each_answer_to_its_request(void **state)
{
	struct pair p = pair_new();
	struct got one = { 0 }, two = { 0 }, bad = { 0 };

	assert_int_equal(ipc_request(p.a, "double", value_args(4), keep, &one, NULL), ERR_OK);
	assert_int_equal(ipc_request(p.a, "double", value_args(5), keep, &two, NULL), ERR_OK);
	assert_int_equal(ipc_request(p.a, "halve", value_args(6), keep, &bad, NULL), ERR_OK);
	assert_int_equal(ipc_serve(p.b, reply, NULL, NULL), ERR_OK);
	assert_int_equal(ipc_serve(p.a, reply, NULL, NULL), ERR_OK);
	assert_int_equal(one.count + two.count + bad.count, 3);
	assert_int_equal(one.value, 8);
	assert_int_equal(two.value, 10);
	assert_int_equal(bad.code, ERR_NOT_FOUND);
	assert_string_equal(bad.text, "there is no such call");
	assert_string_equal(bad.hint, "read the manual");
	assert_int_equal(bad.value, 12);
	pair_free(&p);
}

static void fails_requests_when_the_peer_is_gone(void **state)
{
	struct pair p = pair_new();
	struct got g = { 0 }, forgotten = { 0 };

	assert_int_equal(ipc_request(p.a, "double", value_args(4), keep, &g, NULL), ERR_OK);
	assert_int_equal(ipc_request(p.a, "double", NULL, keep, &forgotten, NULL), ERR_OK);
	ipc_forget(p.a, &forgotten);
	ipc_free(&p.b);
	assert_int_equal(ipc_serve(p.a, reply, NULL, NULL), ERR_IO);
	assert_int_equal(g.count, 0);
	ipc_free(&p.a);
	assert_int_equal(g.count, 1);
	assert_int_equal(g.code, ERR_UNREACHABLE);
	assert_int_equal(forgotten.count, 0);
}

static void refuses_too_many_requests(void **state)
{
	struct pair p = pair_new();
	struct got g = { 0 };
	int made = 0;

	while (made < IPC_PENDING_MAX + 1 &&
	       ipc_request(p.a, "double", NULL, keep, &g, NULL) == ERR_OK)
		made++;
	assert_int_equal(made, IPC_PENDING_MAX);
	pair_free(&p);
	assert_int_equal(g.count, IPC_PENDING_MAX);
}

/* ---- blocking use ---- */

/* Answers in an own process: a note first, then the answer in pieces of one byte. */
static int slow_peer(void *ctx)
{
	struct ipc_conn *c = ipc_new(*(int *)ctx);
	struct json *answer = json_object_new();
	struct ipc_msg m;
	char *bytes;
	size_t len;

	if (ipc_recv(c, &m, -1, NULL) != ERR_OK)
		return 1;
	(void)ipc_note(c, "hurry", value_args(1), NULL);
	json_set_int(answer, "id", m.id);
	json_set_str(answer, "status", "ERR_OK");
	json_set(answer, "result", value_args(21));
	if (ipc_frame_bytes(answer, &bytes, &len, NULL) != ERR_OK)
		return 1;
	for (size_t i = 0; i < len; i++)
		(void)fd_write_all(ipc_fd(c), bytes + i, 1);
	free(bytes);
	json_free(&answer);
	ipc_msg_release(&m);
	if (ipc_recv(c, &m, -1, NULL) != ERR_OK)
		return 1;
	ipc_msg_release(&m);
	ipc_free(&c); /* the second call gets no answer */
	return 0;
}

static void blocks_until_the_answer_and_keeps_what_came_before(void **state)
{
	struct json *result = NULL;
	struct ipc_conn *c;
	struct ipc_msg m;
	struct err e = { 0 };
	int fds[2];
	pid_t pid;

	assert_int_equal(ipc_pair(fds, NULL), ERR_OK);
	assert_int_equal(proc_fork(slow_peer, &fds[1], false, &pid, &e), ERR_OK);
	close(fds[1]);
	c = ipc_new(fds[0]);
	assert_int_equal(ipc_call(c, "double", NULL, &result, &e), ERR_OK);
	assert_int_equal(json_get_int(result, "value", 0), 21);
	json_free(&result);
	assert_int_equal(ipc_recv(c, &m, 0, &e), ERR_OK);
	assert_string_equal(m.call, "hurry");
	ipc_msg_release(&m);
	assert_int_equal(ipc_recv(c, &m, 20, &e), ERR_TIMEOUT);
	assert_int_equal(ipc_call(c, "double", NULL, &result, &e), ERR_IO);
	assert_int_equal(proc_reap(pid, true), 0);
	ipc_free(&c);
}

static void hands_over_the_failure_of_a_blocking_call(void **state)
{
	struct pair p = pair_new();
	struct json *result = NULL, *frame = json_object_new();
	struct err e = { 0 };
	char *bytes;
	size_t len;

	json_set_int(frame, "id", 1);
	json_set_str(frame, "status", "ERR_CONFLICT");
	json_set_str(frame, "error", "host \"a\" is taken");
	json_set_str(frame, "hint", "take another");
	assert_int_equal(ipc_frame_bytes(frame, &bytes, &len, NULL), ERR_OK);
	assert_true(fd_write_all(ipc_fd(p.b), bytes, len)); /* it is the first call's answer */
	assert_int_equal(ipc_call(p.a, "cluster.reserve", NULL, &result, &e), ERR_CONFLICT);
	assert_string_equal(e.text, "host \"a\" is taken");
	assert_string_equal(e.hint, "take another");
	assert_null(result);
	free(bytes);
	json_free(&frame);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_calls_notes_and_answers),
		cmocka_unit_test(waits_for_the_rest_when_cut_at_every_byte),
		cmocka_unit_test(ends_when_closed_within_a_frame_at_every_byte),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(refuses_a_frame_over_the_limit_and_stays_usable),
		cmocka_unit_test(refuses_more_than_the_queue_holds),
		cmocka_unit_test(brings_each_answer_to_its_request),
		cmocka_unit_test(fails_requests_when_the_peer_is_gone),
		cmocka_unit_test(refuses_too_many_requests),
		cmocka_unit_test(blocks_until_the_answer_and_keeps_what_came_before),
		cmocka_unit_test(hands_over_the_failure_of_a_blocking_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
