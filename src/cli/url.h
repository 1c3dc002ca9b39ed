/* Where the controller is: [https://]HOST[:PORT][/PREFIX]. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define URL_DEFAULT "https://localhost:9501"

struct url {
	bool tls;
	char host[256]; /* an IPv6 address without its brackets */
	int port;
	char prefix[256]; /* "" or "/something", no slash at the end */
};

/* Without a scheme it is https.  ERR_INVALID says what is wrong. */
enum err_code url_parse(const char *text, struct url *out, struct err *e);
/* "https://host:port/prefix" into BUF. */
const char *url_base(const struct url *u, char *buf, size_t size);
/* "host:port", for people and for the file of known controllers. */
const char *url_place(const struct url *u, char *buf, size_t size);
/* Does it lead to this machine itself? */
bool url_is_local(const struct url *u);
