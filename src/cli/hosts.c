#include "cli/hosts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

#define SPEC_MAX     1024
#define HOSTNAME_LEN 253
#define PORT_MAX     65535

/* With or without a zone, as in fe80::1%eth0. */
static bool is_ipv6(const char *s)
{
	struct in6_addr addr;
	char plain[INET6_ADDRSTRLEN];
	size_t len = strcspn(s, "%");
	const char *zone = s[len] ? s + len + 1 : NULL;

	if (len >= sizeof(plain) || (zone && (!*zone || strlen(zone) >= IF_NAMESIZE)))
		return false;
	for (const char *c = zone; c && *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	snprintf(plain, sizeof(plain), "%.*s", (int)len, s);
	return inet_pton(AF_INET6, plain, &addr) == 1;
}

static bool is_hostname(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > HOSTNAME_LEN || s[0] == '-' || s[0] == '.' || strstr(s, ".."))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-._", *s))
			return false;
	return true;
}

static enum err_code set_host(struct json *node, const char *host, struct err *e)
{
	if (!is_hostname(host) && !is_ipv6(host))
		return err_set(e, ERR_INVALID, "\"%s\" is no host name or address", host);
	json_set_str(node, "hostname", host);
	return ERR_OK;
}

static enum err_code set_port(struct json *node, const char *port, struct err *e)
{
	int64_t value;

	if (str_to_i64(port, 1, PORT_MAX, &value, NULL) != ERR_OK)
		return err_set(e, ERR_INVALID, "port \"%s\" is not between 1 and %d", port,
		               PORT_MAX);
	json_set_int(node, "port", value);
	return ERR_OK;
}

/* HOST, HOST:PORT, [IPV6], [IPV6]:PORT, IPV6; SPEC is cut in place. */
static enum err_code split_address(struct json *node, char *spec, struct err *e)
{
	char *colon = strrchr(spec, ':');

	if (spec[0] == '[') {
		char *end = strchr(spec, ']');

		if (!end || (end[1] && end[1] != ':'))
			return err_set(e, ERR_INVALID, "\"%s\" is no address in brackets", spec);
		if (end[1])
			TRY(set_port(node, end + 2, e));
		*end = '\0';
		if (!is_ipv6(spec + 1))
			return err_set(e, ERR_INVALID, "\"%s\" is no IPv6 address", spec + 1);
		return set_host(node, spec + 1, e);
	}
	if (!colon || is_ipv6(spec))
		return set_host(node, spec, e);
	TRY(set_port(node, colon + 1, e));
	*colon = '\0';
	return set_host(node, spec, e);
}

/* Booleans and whole numbers are recognised. */
static struct json *property_value(const char *text)
{
	int64_t number;

	if (str_eq(text, "true") || str_eq(text, "false"))
		return json_bool_new(str_eq(text, "true"));
	if (str_to_i64(text, INT32_MIN, INT32_MAX, &number, NULL) == ERR_OK)
		return json_int_new(number);
	return json_string_new(text);
}

static enum err_code set_properties(struct json *node, const char *text, struct err *e)
{
	char word[SPEC_MAX];

	for (const char *cursor = text; str_field(&cursor, "&", word, sizeof(word));) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = '\0';
		if (str_empty(word) || strspn(word, "abcdefghijklmnopqrstuvwxyz_") != strlen(word))
			return err_set(e, ERR_INVALID, "\"%s\" is no property of a node", word);
		if (json_get(node, word))
			return err_set(e, ERR_INVALID, "\"%s\" is given twice", word);
		json_set(node, word, equals ? property_value(equals + 1) : json_bool_new(true));
	}
	return ERR_OK;
}

static enum err_code strip_protocol(char **spec, struct json *node, struct err *e)
{
	char *sep = strstr(*spec, "://");

	if (!sep)
		return ERR_OK;
	*sep = '\0';
	if (!str_eq(*spec, "postgresql") && !str_eq(*spec, "postgres"))
		return err_set(e, ERR_UNSUPPORTED, "there are no \"%s\" nodes here", *spec);
	json_set_str(node, "protocol", "postgresql");
	*spec = sep + 3;
	return ERR_OK;
}

static enum err_code parse_one(char *spec, bool with_properties, struct json **out, struct err *e)
{
	CLEANUP(json_free) struct json *node = json_object_new();
	char *question = strchr(spec, '?');

	if (question && !with_properties)
		return err_set(e, ERR_INVALID, "properties (\"%s\") have no place here", question);
	if (question)
		*question = '\0';
	TRY(strip_protocol(&spec, node, e));
	TRY(split_address(node, spec, e));
	if (question)
		TRY(set_properties(node, question + 1, e));
	*out = json_ref(node);
	return ERR_OK;
}

static void trim(char *s)
{
	size_t len = strlen(s), lead = strspn(s, " \t");

	memmove(s, s + lead, len - lead + 1);
	for (len -= lead; len && strchr(" \t", s[len - 1]);)
		s[--len] = '\0';
}

enum err_code hosts_parse(const char *text, struct json **out, struct err *e)
{
	CLEANUP(json_free) struct json *nodes = json_array_new();
	char spec[SPEC_MAX];

	for (const char *cursor = text; str_field(&cursor, ";,", spec, sizeof(spec));) {
		struct json *node = NULL;

		if (strlen(spec) + 1 >= sizeof(spec))
			return err_set(e, ERR_LIMIT, "a node is longer than %d bytes", SPEC_MAX);
		trim(spec);
		if (str_empty(spec))
			continue;
		if (json_len(nodes) == HOSTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d nodes", HOSTS_MAX);
		TRY(parse_one(spec, true, &node, e));
		json_append(nodes, node);
	}
	if (!json_len(nodes))
		return err_set(e, ERR_INVALID, "the node list is empty");
	*out = json_ref(nodes);
	return ERR_OK;
}

enum err_code host_parse(const char *text, struct json **out, struct err *e)
{
	char spec[SPEC_MAX];

	if (strlen(text) >= sizeof(spec))
		return err_set(e, ERR_LIMIT, "a host is longer than %d bytes", SPEC_MAX);
	snprintf(spec, sizeof(spec), "%s", text);
	trim(spec);
	if (str_empty(spec))
		return err_set(e, ERR_INVALID, "the host is empty");
	return parse_one(spec, false, out, e);
}
