// An ear at the ledgers
// =====================
// A plain client of NATS hears what ledgers are asked and what they answer. The same request again, lost, late or doubled,
// must be answered as the first was, whichever ledger answers: that is held for every fault.

import type { Msg, NatsConnection } from 'nats';

export interface Heard {
  /** Requests that came again, byte for byte. */
  readonly repeated: number;
  /** Requests that were answered more than once. */
  readonly answeredTwice: number;
  /** Those whose answers differ where they may not. */
  readonly differing: readonly string[];
}

export interface LedgerEar {
  heard(): Heard;
  /** From now on each request is sent so many times more, as by a network that doubles. */
  double(times: number): void;
}

/** Of these the answer does not depend on when it is asked. */
const SAME: readonly string[] = ['append', 'put', 'join', 'memo', 'get'];
const ECHO = '_INBOX.echo.';

interface Asked {
  readonly operation: string;
  readonly body: string;
  times: number;
  readonly answers: string[];
}

export function listenToLedgers(nc: NatsConnection): LedgerEar {
  const asked = new Map<string, Asked>(); // subject and body
  const replies = new Map<string, Asked>();
  let [more, echoes] = [0, 0];
  const onRequest = ({ subject, data, reply = '' }: Msg): void => {
    const body = Buffer.from(data).toString('utf8');
    const key = `${subject} ${body}`;
    const one = asked.get(key) ?? { operation: subject.split('.').at(-1) ?? '', body, times: 0, answers: [] };
    asked.set(key, one);
    one.times += 1;
    replies.set(reply, one);
    if (reply.startsWith(ECHO)) return;
    for (let i = 0; i < more; i += 1) nc.publish(subject, data, { reply: `${ECHO}${(echoes += 1)}` });
  };
  nc.subscribe('autopack.v1.ledger.*', { callback: (_, message) => onRequest(message) });
  nc.subscribe('_INBOX.>', { callback: (_, message) => void replies.get(message.subject)?.answers.push(message.string()) });
  return {
    heard() {
      const all = [...asked.values()];
      const fixed = all.filter(({ operation }) => SAME.includes(operation));
      return {
        repeated: all.reduce((sum, { times }) => sum + times - 1, 0),
        answeredTwice: fixed.filter(({ answers }) => answers.filter(isFinal).length > 1).length,
        differing: fixed.flatMap(({ operation, body, answers }) => (new Set(answers.filter(isFinal).map(kindOf)).size > 1 ? [`${operation} ${body.slice(0, 200)} is answered ${answers.join(' and ').slice(0, 400)}`] : [])),
      };
    },
    double: (times) => void (more = times),
  };
}

/** Another time it may go otherwise. */
const AGAIN: readonly string[] = ['store.unavailable', 'bus.unavailable'];

const isFinal = (answer: string): boolean => answer !== '' && !AGAIN.includes((JSON.parse(answer) as { error?: { code: string } }).error?.code ?? '');

/** A refusal by its code: its words may tell where the stream stands meanwhile. */
const kindOf = (answer: string): string => (JSON.parse(answer) as { error?: { code: string } }).error?.code ?? answer;
