/* Tell the service manager how we are (sd_notify(3) without its library). */
#pragma once

/* "READY=1", "STOPPING=1", "STATUS=..."; nothing happens when nobody listens. */
void notify_manager(const char *state);
