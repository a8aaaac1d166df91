"use client";

/** hubbub's hooks for React: everything stands on the client of the nearest `HubbubProvider`. */
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ReactElement, ReactNode } from "react";
import type { Client } from "./client.js";
import { createHooks } from "./hooks.js";

export type { CommandHook } from "./hooks.js";
export type { TopicReducer, TopicState } from "./topic-view.js";

const Nearest = /* @__PURE__ */ createContext<Client | null>(null);

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
export function HubbubProvider({ client, children }: { client: Client; children?: ReactNode }): ReactElement {
  hooks.useConnection(client);
  return createElement(Nearest.Provider, { value: client }, children);
}
