#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "rpc/session.h"

struct sessions {
	struct session_limits limits;
	struct session **items;
	size_t count;
	int64_t next_serial;
};

struct sessions *sessions_new(const struct session_limits *limits)
{
	struct sessions *s = xcalloc(1, sizeof(*s));

	s->limits = *limits;
	s->items = xcalloc((size_t)limits->total, sizeof(*s->items));
	/* numbers of one start of the process must not meet those of another */
	random_bytes(&s->next_serial, sizeof(s->next_serial));
	s->next_serial &= INT64_MAX >> 1;
	return s;
}

void sessions_free(struct sessions **s)
{
	if (!*s)
		return;
	while ((*s)->count > 0)
		sessions_close(*s, (*s)->items[0]);
	free((*s)->items);
	free(*s);
	*s = NULL;
}

size_t sessions_count(const struct sessions *s)
{
	return s->count;
}

void sessions_close(struct sessions *s, struct session *session)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i] != session)
			continue;
		s->items[i] = s->items[--s->count];
		explicit_bzero(session, sizeof(*session));
		free(session);
		return;
	}
}

/* Which sessions a limit counts. */
struct which {
	bool all;
	bool pending; /* else those of USER_ID */
	int64_t user_id;
	const char *peer; /* NULL: any */
};

static bool matches(const struct session *x, const struct which *w)
{
	if (w->all)
		return true;
	if (w->pending != (x->user_id == 0))
		return false;
	if (!w->pending && x->user_id != w->user_id)
		return false;
	return !w->peer || str_eq(w->peer, x->peer);
}

/* Close the longest unused ones until there is room for one more. */
static void make_room(struct sessions *s, const struct which *w, int limit)
{
	for (;;) {
		struct session *oldest = NULL;
		int n = 0;

		for (size_t i = 0; i < s->count; i++) {
			if (!matches(s->items[i], w))
				continue;
			n++;
			if (!oldest || s->items[i]->used_ms < oldest->used_ms)
				oldest = s->items[i];
		}
		if (n < limit || !oldest)
			return;
		sessions_close(s, oldest);
	}
}

static struct session *add(struct sessions *s, int64_t user_id, const char *peer, int64_t now)
{
	struct session *x;

	make_room(s, &(struct which){ .all = true }, s->limits.total);
	x = xcalloc(1, sizeof(*x));
	random_hex(x->id, (SESSION_ID_SIZE - 1) / 2);
	x->user_id = user_id;
	x->serial = s->next_serial++;
	x->used_ms = now;
	(void)snprintf(x->peer, sizeof(x->peer), "%s", str_or(peer, ""));
	s->items[s->count++] = x;
	return x;
}

struct session *sessions_open(struct sessions *s, int64_t user_id, const char *peer, int64_t now)
{
	sessions_expire(s, now);
	make_room(s, &(struct which){ .user_id = user_id }, s->limits.per_user);
	return add(s, user_id, peer, now);
}

struct session *sessions_open_pending(struct sessions *s, const char *user_name, const char *peer,
                                      int64_t now)
{
	struct session *x;

	sessions_expire(s, now);
	make_room(s, &(struct which){ .pending = true, .peer = str_or(peer, "") },
	          s->limits.pending_per_peer);
	make_room(s, &(struct which){ .pending = true }, s->limits.pending);
	x = add(s, 0, peer, now);
	(void)snprintf(x->user_name, sizeof(x->user_name), "%s", user_name);
	random_uuid(x->challenge);
	x->challenge_until_ms = now + s->limits.challenge_ms;
	return x;
}

bool session_take_challenge(struct session *session, int64_t now, char out[SESSION_CHALLENGE_SIZE])
{
	bool ok = session->challenge[0] && now < session->challenge_until_ms;

	if (ok)
		memcpy(out, session->challenge, SESSION_CHALLENGE_SIZE);
	session->challenge[0] = '\0';
	return ok;
}

static bool is_dead(const struct sessions *s, const struct session *x, int64_t now)
{
	if (x->user_id == 0)
		return now >= x->challenge_until_ms;
	return now - x->used_ms >= s->limits.idle_ms;
}

void sessions_expire(struct sessions *s, int64_t now)
{
	for (size_t i = 0; i < s->count;) {
		if (is_dead(s, s->items[i], now))
			sessions_close(s, s->items[i]);
		else
			i++;
	}
}

void sessions_close_user(struct sessions *s, int64_t user_id)
{
	for (size_t i = 0; i < s->count;) {
		if (s->items[i]->user_id == user_id)
			sessions_close(s, s->items[i]);
		else
			i++;
	}
}

/* The whole text is always looked at: time must not tell how much of it was right. */
static bool same_id(const char *a, const char *b)
{
	unsigned char diff = 0;

	for (size_t i = 0; i < SESSION_ID_SIZE - 1; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

struct session *sessions_by_id(struct sessions *s, const char *id)
{
	if (strlen(id) != SESSION_ID_SIZE - 1)
		return NULL;
	for (size_t i = 0; i < s->count; i++) {
		if (same_id(s->items[i]->id, id))
			return s->items[i];
	}
	return NULL;
}

/* Clients send name=value, several of them, or back all that Set-Cookie had. */
struct session *sessions_find(struct sessions *s, const char *cookie, int64_t now)
{
	char part[160];
	struct session *found = NULL;

	while (cookie && !found && str_field(&cookie, ";,", part, sizeof(part))) {
		const char *p = part + strspn(part, " \t");

		if (!str_starts(p, SESSION_COOKIE "="))
			continue;
		p += strlen(SESSION_COOKIE "=");
		part[(size_t)(p - part) + strcspn(p, " \t")] = '\0';
		found = sessions_by_id(s, p);
	}
	if (found && is_dead(s, found, now)) {
		sessions_close(s, found);
		return NULL;
	}
	if (found)
		found->used_ms = now;
	return found;
}

const char *session_cookie(const struct session *session, char buf[SESSION_COOKIE_SIZE])
{
	(void)snprintf(buf, SESSION_COOKIE_SIZE, "%s=%s; Path=/; Secure; HttpOnly", SESSION_COOKIE,
	               session->id);
	return buf;
}
