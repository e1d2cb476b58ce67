import { useEffect } from "react";

/** The title of the window, which screen readers speak when the page changes. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · EnMyAdmin` : "EnMyAdmin";
  }, [title]);
}
