import { Breadcrumbs } from "@mantine/core";
import { type Collection, type Item, collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";

/** The way back: the collection, and the records that this one was made from or belongs to. */
export function Parents({ collection, item }: { collection: Collection; item: Item }) {
  const { t } = useTexts();
  const parents = Object.entries(item.parents ?? {}).filter(([entity, parent]) => parent && isEntity(entity));
  return (
    <nav aria-label={t("nav.origins")}>
      <Breadcrumbs separatorMargin={6} style={{ flexWrap: "wrap" }}>
        <AppLink to={`/${collection}`} fz="sm">
          {t(`collection.${collection}`)}
        </AppLink>
        {parents.map(([entity, parent]) => {
          const target = collectionOf(entity as Item["entity"]);
          return (
            <AppLink key={entity} to={`/${target}/${parent!.id}`} fz="sm">
              {parent!.name || `${t(`one.${target}`)} ${parent!.id}`}
            </AppLink>
          );
        })}
      </Breadcrumbs>
    </nav>
  );
}
