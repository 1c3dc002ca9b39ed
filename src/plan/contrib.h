/* Modules that come with the server's own packages on every supported system. */
#pragma once

#include <stdbool.h>

/* NAME of an extension or of a library ("auto_explain", "auto_explain.so"). */
bool contrib_has(const char *name);
