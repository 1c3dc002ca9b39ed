#include "cli/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

#define PORT_TLS 9501
#define PORT_MAX 65535

static enum err_code take_scheme(const char **text, struct url *u, struct err *e)
{
	const char *sep = strstr(*text, "://");

	u->tls = true;
	if (!sep)
		return ERR_OK;
	if (str_starts(*text, "http://"))
		u->tls = false;
	else if (!str_starts(*text, "https://"))
		return err_set(e, ERR_INVALID, "\"%s\" starts with neither https:// nor http://",
		               *text);
	*text = sep + 3;
	return ERR_OK;
}

/* Everything that a host name or address may consist of, and nothing that means more in a URL. */
static bool is_host(const char *s)
{
	return *s && *s != '-' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789-._:")];
}

static enum err_code take_host(char *place, struct url *u, struct err *e)
{
	char *host = place, *colon = strrchr(place, ':');
	int64_t port = PORT_TLS;

	if (place[0] == '[') {
		char *end = strchr(place, ']');

		if (!end || (end[1] && end[1] != ':'))
			return err_set(e, ERR_INVALID, "\"%s\" is no address in brackets", place);
		colon = end[1] ? end + 1 : NULL;
		*end = '\0';
		host = place + 1;
	} else if (colon && strchr(place, ':') != colon) {
		return err_set(e, ERR_INVALID, "an IPv6 address needs brackets: \"[%s]\"", place);
	}
	if (colon && str_to_i64(colon + 1, 1, PORT_MAX, &port, NULL) != ERR_OK)
		return err_set(e, ERR_INVALID, "port \"%s\" is not between 1 and %d", colon + 1,
		               PORT_MAX);
	if (colon)
		*colon = '\0';
	if (!is_host(host))
		return err_set(e, ERR_INVALID, "\"%s\" is no host name or address", host);
	snprintf(u->host, sizeof(u->host), "%s", host);
	u->port = (int)port;
	return ERR_OK;
}

enum err_code url_parse(const char *text, struct url *out, struct err *e)
{
	struct url u = { 0 };
	char place[256];
	size_t len;

	TRY(take_scheme(&text, &u, e));
	len = strcspn(text, "/");
	if (len >= sizeof(place) || strlen(text + len) >= sizeof(u.prefix))
		return err_set(e, ERR_LIMIT, "the address is too long");
	snprintf(place, sizeof(place), "%.*s", (int)len, text);
	TRY(take_host(place, &u, e));
	snprintf(u.prefix, sizeof(u.prefix), "%s", text + len);
	if (strpbrk(u.prefix, "?# \t\\") || strstr(u.prefix, ".."))
		return err_set(e, ERR_INVALID, "\"%s\" is no path", u.prefix);
	for (len = strlen(u.prefix); len && u.prefix[len - 1] == '/';)
		u.prefix[--len] = '\0';
	*out = u;
	return ERR_OK;
}

const char *url_place(const struct url *u, char *buf, size_t size)
{
	bool six = strchr(u->host, ':') != NULL;

	snprintf(buf, size, "%s%s%s:%d", six ? "[" : "", u->host, six ? "]" : "", u->port);
	return buf;
}

const char *url_base(const struct url *u, char *buf, size_t size)
{
	char place[280];

	snprintf(buf, size, "%s://%s%s", u->tls ? "https" : "http",
	         url_place(u, place, sizeof(place)), u->prefix);
	return buf;
}

bool url_is_local(const struct url *u)
{
	return str_ieq(u->host, "localhost") || str_eq(u->host, "::1") ||
	       (str_starts(u->host, "127.") && inet_addr(u->host) != INADDR_NONE);
}
