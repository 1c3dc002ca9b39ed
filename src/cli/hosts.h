/* Lists of nodes as people write them: [postgresql://]HOST[:PORT][?PROPERTY[=VALUE]&...],
 * separated by semicolons or commas; an IPv6 address in brackets, or bare without a port. */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define HOSTS_MAX 256

/* An array of {hostname, [port], [properties]}; refuses an empty list.  Caller owns *OUT. */
enum err_code hosts_parse(const char *text, struct json **out, struct err *e);
/* One HOST[:PORT] as {hostname, [port]}.  Caller owns *OUT. */
enum err_code host_parse(const char *text, struct json **out, struct err *e);
