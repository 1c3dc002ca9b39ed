#include "cli/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/trust.h"
#include "crypt/rsa.h"

#define KEY_FILE_MAX 65536
#define PATH_AUTH    "/v2/auth"
#define MASK         "xxxxxxxxx"
/* A controller that is just being restarted. */
#define RETRIES  4
#define RETRY_MS 500

struct client {
	const struct client_conf *conf;
	struct http *http;
	int64_t request_id;
	bool logged_in;
	bool answered; /* the controller has answered before */
};

struct client *client_new(const struct client_conf *conf)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->conf = conf;
	return c;
}

void client_free(struct client **c)
{
	if (!*c)
		return;
	http_free(&(*c)->http);
	free(*c);
	*c = NULL;
}

/* ---- whom we talk to ---- */

static enum err_code changed_certificate(struct client *c, const struct http_conf *conf,
                                         struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf shown = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf known = STRBUF_INIT;
	char place[300], now[TRUST_FINGERPRINT] = "?", then[TRUST_FINGERPRINT] = "?";
	struct err ignored = { 0 };

	url_place(&conf->url, place, sizeof(place));
	if (http_certificate(conf, &shown, &ignored) == ERR_OK)
		trust_fingerprint(strbuf_cstr(&shown), now, &ignored);
	if (trust_find(c->conf->known_file, place, &known, &ignored) == ERR_OK)
		trust_fingerprint(strbuf_cstr(&known), then, &ignored);
	if (str_eq(now, then))
		return e->code; /* it is the one we know, but no good any more: expired */
	err_set(e, ERR_REFUSED,
	        "the controller at %s shows another certificate than before: %s instead of %s",
	        place, now, then);
	return err_hint(
	        e,
	        "somebody may be in between; if the controller was installed anew, remove the "
	        "line of %s from %s",
	        place, c->conf->known_file);
}

static enum err_code meet(struct client *c, struct http_conf *conf, struct strbuf *pem,
                          struct err *e)
{
	char place[300], fingerprint[TRUST_FINGERPRINT];

	url_place(&conf->url, place, sizeof(place));
	TRY(trust_find(c->conf->known_file, place, pem, e));
	if (!pem->len) {
		TRY(http_certificate(conf, pem, e));
		TRY(trust_fingerprint(strbuf_cstr(pem), fingerprint, e));
		if (trust_add(c->conf->known_file, place, strbuf_cstr(pem), e) != ERR_OK) {
			err_wrap(e, "the certificate of %s cannot be remembered", place);
			return err_hint(e, "use --ca-file where nothing can be written");
		}
		if (!c->conf->quiet)
			fprintf(stderr, "Trusting the controller at %s from now on, %s.\n", place,
			        fingerprint);
	}
	conf->pem = strbuf_cstr(pem);
	return ERR_OK;
}

static enum err_code connect_http(struct client *c, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf pem = STRBUF_INIT;
	struct http_conf conf = {
		.url = c->conf->url,
		.ca_file = c->conf->ca_file,
		.connect_timeout_s = c->conf->connect_timeout_s,
		.stop = c->conf->stop,
	};

	if (c->http)
		return ERR_OK;
	if (!conf.url.tls && !url_is_local(&conf.url) && !c->conf->insecure) {
		err_set(e, ERR_REFUSED, "http:// would send passwords over the network in clear");
		return err_hint(e, "use https://");
	}
	if (conf.url.tls && !conf.ca_file && !c->conf->insecure)
		TRY(meet(c, &conf, &pem, e));
	return http_new(&conf, &c->http, e);
}

/* ---- requests and replies ---- */

static const struct {
	const char *status;
	enum err_code code;
	const char *text; /* when the reply has none */
} statuses[] = {
	{ "Ok", ERR_OK, "ok" },
	{ "AccessDenied", ERR_DENIED, "Access denied." },
	{ "AuthRequired", ERR_AUTH, "Login needed." },
	{ "ObjectNotFound", ERR_NOT_FOUND, "Not found." },
	{ "ClusterNotFound", ERR_NOT_FOUND, "Cluster was not found." },
	{ "InvalidRequest", ERR_INVALID, "The controller refused the request." },
	{ "TryAgain", ERR_BUSY, "The controller is busy; try again." },
	{ "Redirect", ERR_INTERNAL, "This controller follows another one." },
};

enum err_code client_status(const struct json *reply, struct err *e)
{
	const char *status = json_get_str(reply, "request_status");
	const char *text = json_get_str(reply, "error_string");

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (!str_ieq(status, statuses[i].status))
			continue;
		if (statuses[i].code == ERR_OK)
			return ERR_OK;
		return err_set(e, statuses[i].code, "%s", str_or(text, statuses[i].text));
	}
	return err_set(e, ERR_INTERNAL, "%s", str_or(text, "The request failed."));
}

static bool is_secret(const char *key)
{
	return strstr(key, "password") || strstr(key, "passwd") || str_eq(key, "signature");
}

static void mask_members(struct json *object)
{
	const char *key;
	struct json *value;

	for (void *iter = NULL; json_next(object, &iter, &key, &value);)
		if (is_secret(key) && json_is_string(value) && !str_empty(json_str(value)))
			json_set_str(object, key, MASK);
}

struct json *client_masked(const struct json *request)
{
	struct json *copy = json_copy(request);
	struct json *spec = json_get(json_get(copy, "job"), "job_spec");

	mask_members(copy);
	mask_members(json_get(copy, "ssh_credentials"));
	mask_members(json_get(spec, "job_data"));
	return copy;
}

static void print_request(const struct json *request, const char *path)
{
	CLEANUP(json_free) struct json *masked = client_masked(request);
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	json_dump_pretty(masked, &text);
	fprintf(stderr, "POST %s\n%s\n", path, strbuf_cstr(&text));
}

static void print_debug_messages(const struct json *reply)
{
	const struct json *messages = json_get(reply, "debug_messages");

	for (size_t i = 0; i < json_len(messages); i++)
		fprintf(stderr, "DEBUG: %s\n", str_or(json_str(json_at(messages, i)), ""));
}

/* The same request may be sent again: the controller knows it by its number and time. */
static enum err_code post(struct client *c, const char *path, const struct strbuf *body,
                          struct strbuf *answer, struct err *e)
{
	for (int i = 0;; i++) {
		strbuf_reset(answer);
		if (http_post(c->http, path, body->data, body->len, answer, e) == ERR_OK) {
			c->answered = true;
			return ERR_OK;
		}
		if (e->code != ERR_UNREACHABLE || !c->answered || i == RETRIES)
			return e->code;
		err_clear(e);
		clock_sleep_ms(RETRY_MS);
	}
}

static enum err_code exchange(struct client *c, const char *path, struct json *request,
                              struct json **reply, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf body = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	char now[CLOCK_ISO_SIZE];
	int64_t start = clock_mono_ms();
	struct http_conf conf = { .url = c->conf->url,
		                  .connect_timeout_s = c->conf->connect_timeout_s };

	json_free(reply);
	TRY(connect_http(c, e));
	json_set_int(request, "request_id", ++c->request_id);
	json_set_str(request, "request_created", clock_iso(clock_wall_ms(), now));
	if (c->conf->print_requests)
		print_request(request, path);
	json_dump(request, &body);
	if (post(c, path, &body, &answer, e) != ERR_OK)
		return e->code == ERR_REFUSED && !c->conf->ca_file
		               ? changed_certificate(c, &conf, e)
		               : e->code;
	if (json_parse(strbuf_cstr(&answer), answer.len, reply, e) != ERR_OK) {
		err_wrap(e, "the reply of the controller is no JSON");
		e->code = ERR_PARSE;
		return ERR_PARSE;
	}
	if (c->conf->print_debug)
		print_debug_messages(*reply);
	if (c->conf->verbose)
		fprintf(stderr, "%s %s: %s, %lld ms\n", path,
		        str_or(json_get_str(request, "operation"), "-"),
		        str_or(json_get_str(*reply, "request_status"), "-"),
		        (long long)(clock_mono_ms() - start));
	return client_status(*reply, e);
}

/* ---- logging in ---- */

static enum err_code login_with_password(struct client *c, struct err *e)
{
	CLEANUP(json_free) struct json *request = json_object_new();
	CLEANUP(json_free) struct json *reply = NULL;

	json_set_str(request, "operation", "authenticateWithPassword");
	json_set_str(request, "user_name", c->conf->user);
	json_set_str(request, "password", c->conf->password);
	return exchange(c, PATH_AUTH, request, &reply, e);
}

static enum err_code sign(struct client *c, const char *challenge, struct strbuf *out,
                          struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf key = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf signature = STRBUF_INIT;

	TRY(fs_read(c->conf->key_file, KEY_FILE_MAX, &key, e));
	if (crypt_rsa_sign(strbuf_cstr(&key), challenge, strlen(challenge), &signature, e) !=
	    ERR_OK) {
		err_wrap(e, "key %s", c->conf->key_file);
		e->code = ERR_IO;
		return ERR_IO;
	}
	base64_encode(signature.data, signature.len, out);
	return ERR_OK;
}

static enum err_code login_with_key(struct client *c, struct err *e)
{
	CLEANUP(json_free) struct json *request = json_object_new();
	CLEANUP(json_free) struct json *answer = json_object_new();
	CLEANUP(json_free) struct json *reply = NULL;
	CLEANUP(strbuf_release) struct strbuf signature = STRBUF_INIT;

	json_set_str(request, "operation", "authenticate");
	json_set_str(request, "username", c->conf->user);
	TRY(exchange(c, PATH_AUTH, request, &reply, e));
	TRY(sign(c, str_or(json_get_str(reply, "challenge"), ""), &signature, e));
	json_set_str(answer, "operation", "authenticateResponse");
	json_set_str(answer, "signature", strbuf_cstr(&signature));
	return exchange(c, PATH_AUTH, answer, &reply, e);
}

static enum err_code login(struct client *c, struct err *e)
{
	if (c->logged_in)
		return ERR_OK;
	if (c->conf->password)
		TRY(login_with_password(c, e));
	else
		TRY(login_with_key(c, e));
	c->logged_in = true;
	return ERR_OK;
}

enum err_code client_call_anonymous(struct client *c, const char *path, struct json *request,
                                    struct json **reply, struct err *e)
{
	return exchange(c, path, request, reply, e);
}

enum err_code client_call(struct client *c, const char *path, struct json *request,
                          struct json **reply, struct err *e)
{
	bool was_logged_in = c->logged_in;
	enum err_code code;

	TRY(login(c, e));
	code = exchange(c, path, request, reply, e);
	if (code != ERR_AUTH || !was_logged_in)
		return code;
	/* the session expired, or the controller started anew */
	c->logged_in = false;
	err_clear(e);
	TRY(login(c, e));
	return exchange(c, path, request, reply, e);
}
