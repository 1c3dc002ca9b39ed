/* What every unit test includes: cmocka and the headers that it needs before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define UNUSED_STATE __attribute__((unused)) void **state
