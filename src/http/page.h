/* What a person sees who opens the controller's address with a browser. */
#pragma once

extern const char page_root[];
