// Replies
// =======
// A message and the one answer to it. The client's own `request` makes two errors with their stacks for each that is answered,
// which is a third of the processor of who asks and publishes all the time.

import { createInbox, ErrorCode, NatsError, type Msg, type MsgHdrs, type NatsConnection } from 'nats';

export interface Asked {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  readonly headers?: MsgHdrs;
}

export interface Replies {
  /** @throws NatsError `503` where nobody listens, TIMEOUT, CONNECTION_CLOSED */
  ask(asked: Asked): Promise<Msg>;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(message: Msg): void;
  reject(error: Error): void;
}

const NO_RESPONDERS = 503;

export function replies(nc: NatsConnection): Replies {
  const inbox = createInbox();
  const waiting = new Map<string, Waiting>();
  let asks = 0;
  const settled = (token: string): Waiting | undefined => {
    const one = waiting.get(token);
    waiting.delete(token);
    clearTimeout(one?.timer);
    return one;
  };
  const fail = (token: string, code: ErrorCode): void => settled(token)?.reject(NatsError.errorForCode(code));
  nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error !== null) return; // it is no answer: its time will be over
      const token = message.subject.slice(inbox.length + 1);
      if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) fail(token, ErrorCode.NoResponders);
      else settled(token)?.resolve(message);
    },
  });
  void nc.closed().then(() => {
    for (const token of waiting.keys()) fail(token, ErrorCode.ConnectionClosed);
  });
  return {
    ask: ({ subject, body, timeoutMs, headers }) =>
      new Promise((resolve, reject) => {
        const token = (asks += 1).toString(36);
        nc.publish(subject, body, { reply: `${inbox}.${token}`, ...(headers === undefined ? {} : { headers }) });
        waiting.set(token, { timer: setTimeout(() => fail(token, ErrorCode.Timeout), timeoutMs), resolve, reject });
      }),
  };
}
