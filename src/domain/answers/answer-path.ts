// Paths of an answer
// ==================
// As the answer names them; a leading `./` says nothing and goes, everything else is the path policy's (E-195).

import { z } from 'zod';

export const AnswerPath = z.string().min(1).max(512).overwrite((path) => path.replace(/^(?:\.\/+)+(?=[^/])/, ''));
