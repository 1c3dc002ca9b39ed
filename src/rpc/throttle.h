/* Wrong logins are remembered for user and address, and for the address alone: after a few of
 * them the next one is refused without a look at the password, for longer each time. */
#pragma once

#include <stdint.h>

#define THROTTLE_ROWS_MAX  4096
#define THROTTLE_USER_FREE 5  /* wrong logins without consequence: one user from one address */
#define THROTTLE_PEER_FREE 50 /* one address, all users */
#define THROTTLE_WAIT_MS   2000
#define THROTTLE_WAIT_MAX  (15 * 60 * 1000)
#define THROTTLE_FORGET_MS (30 * 60 * 1000)

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle **t);
/* Milliseconds until USER may try again from PEER; 0: now.  Time is clock_mono_ms(). */
int64_t throttle_wait(struct throttle *t, const char *user, const char *peer, int64_t now);
void throttle_failed(struct throttle *t, const char *user, const char *peer, int64_t now);
void throttle_succeeded(struct throttle *t, const char *user, const char *peer);
