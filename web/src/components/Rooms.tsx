import "./Rooms.css";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { loadRooms, moreRooms, rooms, roomsProblem } from "../state/rooms";
import { pathOf, show } from "../state/route";
import { Skeleton } from "./Skeleton";

/** All rooms; anybody may enter one, or make one by its name. */
export function Rooms() {
  useEffect(() => void loadRooms(), []);
  return (
    <div class="rooms">
      <header class="pane-header">
        <h1>Rooms</h1>
      </header>
      <div class="rooms-body">
        <RoomByName />
        <List />
      </div>
    </div>
  );
}

function RoomByName() {
  const name = useSignal("");
  return (
    <form
      class="room-by-name"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.value.trim()) show({ view: "room", name: name.value.trim() });
      }}
    >
      <label class="field">
        Room name
        <input
          name="room"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={100}
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      <button class="button primary" type="submit">
        Enter
      </button>
      <p class="hint">Letters, digits, - and _. The room is made when it is new.</p>
    </form>
  );
}

function List() {
  const list = rooms.value;
  if (roomsProblem.value) {
    return (
      <p class="problem" role="alert">
        Couldn't load the rooms. {roomsProblem.value}
        <button class="link-button" onClick={() => void loadRooms()}>
          Try again
        </button>
      </p>
    );
  }
  if (!list) return <Skeleton label="Loading rooms" />;
  if (list.length === 0) return <p class="quiet">No rooms yet. Enter one by name, and it is there.</p>;
  return (
    <>
      <ul class="rooms-list" aria-label="Rooms">
        {list.map(({ id, name }) => (
          <li key={id}>
            <a class="rooms-link" href={pathOf({ view: "room", name })}>
              <span class="quiet" aria-hidden="true">
                #
              </span>
              <bdi>{name}</bdi>
            </a>
          </li>
        ))}
      </ul>
      {moreRooms.value && (
        <button class="button" onClick={() => void loadRooms(true)}>
          More rooms
        </button>
      )}
    </>
  );
}
