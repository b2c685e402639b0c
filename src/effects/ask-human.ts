// askHuman: a scripted human answers at once; else nobody here does, and a command will.

import { result, type Handler } from './performing.ts';

export const askHuman: Handler<'askHuman'> = async ({ params, hands }) => {
  const answer = hands.models.human(params);
  if (answer === null || !params.options.includes(answer.choose)) return null;
  return result('question.answered', { option: answer.choose, note: answer.note.slice(0, 2000), by: 'script' });
};
