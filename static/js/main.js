// What every page does. Each behaviour is a module of its own and binds to data-* attributes.
import { keepAgesTrue } from "./ago.js";
import { askBeforeSending } from "./confirm.js";
import { offerCopies } from "./copy.js";
import { keepTypedText } from "./form-guard.js";
import { hearKeys } from "./keys.js";
import { closeMenus } from "./menu.js";
import { sendOnce } from "./once.js";
import { switchTheme } from "./theme.js";

keepAgesTrue(document);
askBeforeSending(document);
offerCopies(document);
keepTypedText(document, window.sessionStorage);
closeMenus(document);
switchTheme(document);
hearKeys(document);
sendOnce(document);
