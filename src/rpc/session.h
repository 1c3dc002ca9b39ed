/* Sessions: who is logged in, by the random value of a cookie.  They live in the memory of the
 * api process only; a restart asks everybody to log in again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_COOKIE         "cmon-sid"
#define SESSION_ID_SIZE        65 /* 256 bits as hex digits, and NUL */
#define SESSION_CHALLENGE_SIZE 37
#define SESSION_COOKIE_SIZE    128

/* Time is clock_mono_ms(), given by the caller. */
struct session {
	char id[SESSION_ID_SIZE];
	int64_t user_id; /* 0: not logged in, waits for a signature */
	int64_t serial;  /* public and unique: tells sessions apart in dedup keys */
	char peer[64];
	int64_t used_ms;
	/* a login with a key, not finished */
	char user_name[72];
	char challenge[SESSION_CHALLENGE_SIZE];
	int64_t challenge_until_ms;
	/* the job that was asked for last, to slow down clients that do not pause */
	int64_t polled_job;
	uint64_t polled_sum;
	int64_t polled_ms;
};

struct session_limits {
	int total;
	int per_user;
	int pending; /* logins not finished */
	int pending_per_peer;
	int64_t idle_ms;
	int64_t challenge_ms;
};

struct sessions;

struct sessions *sessions_new(const struct session_limits *limits);
void sessions_free(struct sessions **s);
/* A new session of the user; the longest unused one gives way when there are too many. */
struct session *sessions_open(struct sessions *s, int64_t user_id, const char *peer, int64_t now);
/* A session that waits for the signature of its challenge. */
struct session *sessions_open_pending(struct sessions *s, const char *user_name, const char *peer,
                                      int64_t now);
/* The session that a Cookie header names, also one that is not logged in; touched.  NULL when
 * there is none or it has expired. */
struct session *sessions_find(struct sessions *s, const char *cookie, int64_t now);
struct session *sessions_by_id(struct sessions *s, const char *id);
/* The challenge into OUT and gone from the session; false when there is none or it is too old. */
bool session_take_challenge(struct session *session, int64_t now, char out[SESSION_CHALLENGE_SIZE]);
void sessions_close(struct sessions *s, struct session *session);
/* All sessions of a user, when he is gone. */
void sessions_close_user(struct sessions *s, int64_t user_id);
void sessions_expire(struct sessions *s, int64_t now);
size_t sessions_count(const struct sessions *s);
/* Value for Set-Cookie. */
const char *session_cookie(const struct session *session, char buf[SESSION_COOKIE_SIZE]);
