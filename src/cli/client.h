/* One controller and our session with it: logs in when needed, again when the session has
 * expired, numbers the requests, and turns refusals into errors. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/http.h"
#include "cli/url.h"

struct client;

struct client_conf {
	struct url url;
	const char *user;
	const char *password;   /* NULL: log in with the key */
	const char *key_file;   /* private key */
	const char *ca_file;    /* NULL: trust on first use */
	const char *known_file; /* known_controllers */
	bool insecure;
	bool quiet; /* no notes on stderr */
	bool print_requests, print_debug, verbose;
	int64_t connect_timeout_s;
	const volatile sig_atomic_t *stop;
};

/* CONF is borrowed until client_free(). */
struct client *client_new(const struct client_conf *conf);
void client_free(struct client **c);

/* Send REQUEST (borrowed; number and time are put in) to PATH.  *REPLY is set, and the caller's,
 * whenever the controller answered, also when it refused and the code is that of the refusal. */
enum err_code client_call(struct client *c, const char *path, struct json *request,
                          struct json **reply, struct err *e);
/* The same without login. */
enum err_code client_call_anonymous(struct client *c, const char *path, struct json *request,
                                    struct json **reply, struct err *e);
/* Code and sentence of a reply; ERR_OK for "Ok". */
enum err_code client_status(const struct json *reply, struct err *e);
/* What to print of a request: a copy with every secret masked; caller frees. */
struct json *client_masked(const struct json *request);
