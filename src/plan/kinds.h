/* Steps in the controller's own world. */
#pragma once

#include "plan/step.h"

/* Look at the nodes and put the cluster of context.cluster into the store. */
enum err_code kind_register(struct step *s, struct err *e);
/* Take it out again. */
enum err_code kind_unregister(struct step *s, struct err *e);
