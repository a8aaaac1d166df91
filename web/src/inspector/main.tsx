import { render } from "preact";
import "../styles/tokens.css";
import "../styles/base.css";
import { Inspector } from "./Inspector";
import { start } from "./state";

const root = document.getElementById("inspector");
if (!root) throw new Error("The page has no #inspector to show anything in.");
start();
render(<Inspector />, root);
