import {
  ActionIcon,
  type ActionIconProps,
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, type ComponentType, forwardRef } from "react";

interface Target {
  /** A path of this client, such as `/models/3`: made of data, so any text and not just the literals that the router knows. */
  to: string;
  search?: Record<string, unknown>;
}

type Looks<P> = P & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;
type LinkComponent<P> = ComponentType<Looks<P> & Target>;

export const AppLink = createLink(
  forwardRef<HTMLAnchorElement, Looks<AnchorProps>>((properties, ref) => <Anchor ref={ref} inherit {...properties} />),
) as unknown as LinkComponent<AnchorProps>;

export const LinkButton = createLink(
  forwardRef<HTMLAnchorElement, Looks<ButtonProps>>((properties, ref) => (
    <Button component="a" ref={ref} {...properties} />
  )),
) as unknown as LinkComponent<ButtonProps>;

export const LinkIcon = createLink(
  forwardRef<HTMLAnchorElement, Looks<ActionIconProps>>((properties, ref) => (
    <ActionIcon component="a" ref={ref} {...properties} />
  )),
) as unknown as LinkComponent<ActionIconProps>;

export const LinkEntry = createLink(
  forwardRef<HTMLAnchorElement, Looks<NavLinkProps>>((properties, ref) => (
    <NavLink component="a" ref={ref} {...properties} />
  )),
) as unknown as LinkComponent<NavLinkProps>;
