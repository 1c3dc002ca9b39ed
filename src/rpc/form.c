#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/cluster.h"
#include "model/user.h"
#include "rpc/decode.h"

#define HOST_MAX  253
#define LABEL_MAX 63

static bool is_word_char(char c, const char *more)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr(more, c));
}

static bool all_chars(const char *s, const char *more)
{
	for (; *s; s++) {
		if (!is_word_char(*s, more))
			return false;
	}
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	}
	return false;
}

static const char *text_fault(const char *s)
{
	return NULL;
}

static const char *line_fault(const char *s)
{
	return has_control(s) ? "must not contain line breaks or other control characters" : NULL;
}

static bool is_address(const char *s)
{
	unsigned char buf[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, s, buf) == 1 || inet_pton(AF_INET6, s, buf) == 1;
}

/* Labels of 1..63 characters, none starting or ending with a hyphen. */
static bool is_host_name(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > HOST_MAX || !all_chars(s, "-."))
		return false;
	for (;;) {
		size_t n = strcspn(s, ".");

		if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

/* 10.0.0 or 300.1.1.1 look like addresses and would be resolved in surprising ways. */
static bool is_digits_and_dots(const char *s)
{
	return s[strspn(s, "0123456789.")] == '\0';
}

static const char *host_fault(const char *s)
{
	if (is_address(s))
		return NULL;
	if (!is_host_name(s) || is_digits_and_dots(s))
		return "must be a host name (letters, digits, dots, hyphens) or an IP address";
	return NULL;
}

static const char *cluster_name_fault(const char *s)
{
	return cluster_check_name(s, NULL) == ERR_OK
	               ? NULL
	               : "must have 1 to 63 letters, digits, '_', '-' or '.', not starting with "
	                 "'-' or '.'";
}

static bool has_dot_part(const char *path)
{
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if ((n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		path += n;
	}
	return false;
}

static const char *path_fault(const char *s)
{
	if (s[0] != '/' || s[strspn(s, "/")] == '\0')
		return "must be an absolute path, not '/'";
	if (has_dot_part(s) || strstr(s, "//"))
		return "must not contain '.', '..' or empty parts";
	return line_fault(s);
}

/* 9.0 .. 9.6, then one number of two digits. */
static const char *version_fault(const char *s)
{
	int major = 0, minor = 0, end = 0;

	if (strlen(s) == 3 && sscanf(s, "9.%1d%n", &minor, &end) == 1 && end == 3)
		return NULL;
	end = 0;
	if (strlen(s) == 2 && sscanf(s, "%2d%n", &major, &end) == 1 && end == 2 && major >= 10)
		return NULL;
	return "must be a PostgreSQL major version (such as 9.6, 13 or 17)";
}

static const char *user_name_fault(const char *s)
{
	return user_check_name("user", s, NULL) == ERR_OK
	               ? NULL
	               : "must have 1 to 64 letters, digits, '_', '.', '-' or '@', not starting "
	                 "with '-' or '.'";
}

static const char *url_fault(const char *s)
{
	if (!str_starts(s, "http://") && !str_starts(s, "https://"))
		return "must start with http:// or https://";
	if (strpbrk(s, " \"'\\`$<>") || has_control(s))
		return "must not contain blanks, quotes or control characters";
	return NULL;
}

/* They become words of the package manager's command: none may look like an option.  The same
 * rule as in share/remote/install.sh. */
static const char *packages_fault(const char *s)
{
	size_t len = strlen(s);

	if (s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.+,:_-")] != '\0' || s[0] == '-' ||
	    strstr(s, ",-") || (len > 0 && s[len - 1] == ','))
		return "must be names of packages, separated by commas";
	return NULL;
}

static const char *time_fault(const char *s)
{
	int64_t ms;

	return clock_parse(s, &ms) ? NULL
	                           : "must be a time (YYYY-MM-DDTHH:MM:SSZ or YYYY-MM-DD HH:MM:SS)";
}

static const struct {
	const char *name;
	const char *(*fault)(const char *s);
} forms[FORM_COUNT] = {
	[FORM_TEXT] = { "text", text_fault },
	[FORM_LINE] = { "line", line_fault },
	[FORM_HOST] = { "host", host_fault },
	[FORM_CLUSTER_NAME] = { "cluster_name", cluster_name_fault },
	[FORM_PATH] = { "path", path_fault },
	[FORM_VERSION] = { "version", version_fault },
	[FORM_USER_NAME] = { "user_name", user_name_fault },
	[FORM_URL] = { "url", url_fault },
	[FORM_PACKAGES] = { "packages", packages_fault },
	[FORM_TIME] = { "time", time_fault },
};

const char *form_fault(enum field_form form, const char *text)
{
	return forms[form].fault(text);
}

const char *form_name(enum field_form form)
{
	return forms[form].name;
}
