import { render } from "preact";
import { Studio } from "./studio.tsx";
import "./studio.css";

render(<Studio />, document.getElementById("studio")!);
