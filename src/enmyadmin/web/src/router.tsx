import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { NotFound, RouteError } from "@/shell/RouteError";
import { Root } from "@/shell/Root";

type Search = Record<string, unknown>;

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  validateSearch: (search: Search): Search => search,
});

/** A page, loaded when it is first opened. */
function page<P extends string>(path: P, load: () => Promise<{ default: React.ComponentType }>) {
  return createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as () => Promise<{ default: React.ComponentType }>),
  });
}

const routes = [
  page("/", () => import("@/pages/home/HomePage")),
  page("/forecast", () => import("@/pages/forecast/ForecastPage")),
  page("/compare", () => import("@/pages/compare/ComparePage")),
  page("/runs", () => import("@/pages/runs/RunsPage")),
  page("/runs/$id", () => import("@/pages/runs/RunPage")),
  page("/pipelines", () => import("@/pages/pipelines/PipelinesPage")),
  page("/pipelines/new", () => import("@/pages/pipelines/NewPipelinePage")),
  page("/pipelines/$name", () => import("@/pages/pipelines/PipelinePage")),
  page("/pipelines/$name/edit", () => import("@/pages/pipelines/EditPipelinePage")),
  page("/intents", () => import("@/pages/intents/IntentsPage")),
  page("/schedules", () => import("@/pages/schedules/SchedulesPage")),
  page("/notifications", () => import("@/pages/notifications/NotificationsPage")),
  page("/registry", () => import("@/pages/registry/RegistryPage")),
  page("/registry/$name", () => import("@/pages/registry/RegisteredPage")),
  page("/monitoring", () => import("@/pages/monitoring/MonitoringPage")),
  page("/monitoring/$name", () => import("@/pages/monitoring/MonitoredPage")),
  page("/search", () => import("@/pages/search/SearchPage")),
  page("/trash", () => import("@/pages/trash/TrashPage")),
  page("/users", () => import("@/pages/administration/UsersPage")),
  page("/tokens", () => import("@/pages/administration/TokensPage")),
  page("/policies", () => import("@/pages/administration/PoliciesPage")),
  page("/audit", () => import("@/pages/administration/AuditPage")),
  page("/$collection", () => import("@/pages/records/ListPage")),
  page("/$collection/new", () => import("@/pages/records/CreatePage")),
  page("/$collection/$id", () => import("@/pages/records/RecordPage")),
  page("/$collection/$id/lineage", () => import("@/pages/lineage/LineagePage")),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: "intent",
  defaultErrorComponent: RouteError,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
