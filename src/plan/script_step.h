/* Steps that are a script of share/remote/: action=check, do and undo. */
#pragma once

#include "plan/step.h"

enum err_code script_step_act(struct step *s, struct err *e);
enum err_code script_step_undo(struct step *s, struct err *e);
