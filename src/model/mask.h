/* Which JSON members are secret, and how they are shown to people. */
#pragma once

#include <stdbool.h>

#include "base/json.h"

#define MASK_TEXT "xxxxxxxxx"

/* True for "password", "ssh_password", "sudo_password", "rpc_token" ...: case ignored. */
bool mask_is_secret_key(const char *key);
/* A copy in which the value of each secret member, at any depth, is MASK_TEXT (null and "" stay).
 * The caller frees it. */
struct json *mask_secrets(const struct json *j);
