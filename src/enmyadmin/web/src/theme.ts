import { type CSSVariablesResolver, Loader, Menu, createTheme } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "blue",
  // Text on the primary colour, and the colour on the page, have a contrast of at least 4.5 in both schemes.
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "sm",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.125rem" }, h3: { fontSize: "1rem" } } },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // A menu may contain its items alone.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    // What tells that something is being loaded has a role that may be named.
    Loader: Loader.extend({ defaultProps: { role: "status" } }),
    // A list that scrolls is scrolled by keys too.
    ScrollAreaAutosize: { defaultProps: { viewportProps: { tabIndex: 0 } } },
  },
});

/** Colours that Mantine's defaults make too faint to read. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#4d5560",
    "--mantine-color-placeholder": "#5d6672",
    "--mantine-color-anchor": "#1864ab",
    "--mantine-color-error": "#c2255c",
    "--app-panel": "#f6f8fa",
    "--app-line": "#dde2e8",
    "--app-selected": "#e3eef8",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b1bb",
    "--mantine-color-placeholder": "#98a1ac",
    "--mantine-color-anchor": "#74c0fc",
    "--mantine-color-error": "#ff8fa3",
    "--app-panel": "#1b1e23",
    "--app-line": "#363b43",
    "--app-selected": "#1f3347",
  },
});

/** Series colours that colour-blind eyes tell apart (Okabe and Ito), for light and dark paper. */
export const PALETTE = {
  light: ["#0072b2", "#d55e00", "#00795a", "#a8457f", "#8a6d00", "#3b7fb3", "#7a4a9c", "#5f6770"],
  dark: ["#56b4e9", "#ff9e4a", "#2fc79a", "#e08fc0", "#e6c84f", "#8cc8ff", "#c3a0e8", "#a9b1bb"],
} as const;
