/* Look-up of a host's address without blocking the loop: a child asks the system. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct event_base;
struct resolve;

#define RESOLVE_ADDRESSES_MAX 4

/* Tell the addresses, separated by commas, NULL when there is none; called once, from the loop. */
typedef void (*resolve_done)(void *ctx, const char *addresses);

/* HOST is an IPv4 or IPv6 address, or a path of a local socket: nothing to look up. */
bool resolve_is_address(const char *host);
enum err_code resolve_start(struct event_base *base, const char *host, resolve_done done, void *ctx,
                            struct resolve **out, struct err *e);
/* Also from within DONE, and before it: then the child is ended. */
void resolve_free(struct resolve **r);
