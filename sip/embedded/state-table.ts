/** What an event does in a state: the next state, then the named actions in their order. */
export interface Cell<State extends string, Action extends string> {
  readonly next: State;
  readonly actions: readonly Action[];
}

/** A state machine as data, one row a state. An empty cell: the event is absorbed. */
export type StateTable<State extends string, Event extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, Cell<State, Action>>>>>
>;
