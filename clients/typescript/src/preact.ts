/** hubbub's hooks for Preact: everything stands on the client of the nearest `HubbubProvider`. */
import { createContext, createElement, type ComponentChildren } from "preact";
import { useContext, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { Client } from "./client.js";
import { createHooks } from "./hooks.js";

export type { CommandHook } from "./hooks.js";
export type { TopicReducer, TopicState } from "./topic-view.js";

const Nearest = /* @__PURE__ */ createContext<Client | null>(null);

/** Preact draws at one go, so nothing can change while it does; `preact/compat` needn't come along for this. */
function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, get: () => T): T {
  const [, redraw] = useReducer((count: number, _: void) => count + 1, 0);
  const shown = useRef({ value: get(), get });
  shown.current = { value: get(), get };
  useLayoutEffect(() => {
    const look = () => {
      const { value, get } = shown.current;
      if (!Object.is(value, get())) redraw();
    };
    const end = subscribe(look);
    // It may have changed before anybody listened.
    look();
    return end;
  }, [subscribe]);
  return shown.current.value;
}

const hooks = /* @__PURE__ */ createHooks({
  useNearestClient: () => useContext(Nearest),
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
});

export const { useClient, useStatus, useQueue, useEvents, useTopic, useCommand, usePresence } = hooks;

/** Gives a client to the components below, and keeps it connected as long as this is mounted. */
export function HubbubProvider({ client, children }: { client: Client; children?: ComponentChildren }): ComponentChildren {
  hooks.useConnection(client);
  return createElement(Nearest.Provider, { value: client }, children);
}
